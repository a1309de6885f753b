import type { FLACDecoder } from '@wasm-audio-decoders/flac'
import { joined } from '../joined.js'
import { bytesAre, view } from './bytes.js'
import { decodeInPieces } from './decode-in-pieces.js'
import { type Completeness, completeness, type Decoded } from './decoded.js'
import { wholeFlacFrames } from './flac-frames.js'
import { expectDeclaredWithin, expectWithinSoFar } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { isWholeOgg, oggPieces } from './ogg-pages.js'
import { quietly } from './quietly.js'
import { isSampleRate } from './resample.js'

/** FLAC, plain or in Ogg, by libFLAC. */
export async function decodeFlac(bytes: Uint8Array, maxSeconds: number): Promise<Decoded> {
  if (!isOgg(bytes)) expectDeclaredWithin(maxSeconds, declaredSeconds(bytes))
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac')
  const decoder = new FLACDecoder()
  await decoder.ready
  try {
    const pieces = isOgg(bytes) ? oggPieces(bytes) : flacPieces(closed(bytes))
    const { damaged, ...decoded } = await decodeInPieces(decoder, pieces, maxSeconds)
    const { complete, ...declared } = declaredCompleteness(bytes, decoded.samples.length)
    const found = { ...decoded, completeness: { complete: complete && !damaged, ...declared } }
    return isOgg(bytes) || complete ? found : await withFramesBehindDamage(found, decoder, bytes, maxSeconds)
  } finally {
    decoder.free()
  }
}

/**
 * A frame that says "65,535 times the same" has 13 bytes: of more at once than these the samples might fill the memory. It takes
 * no longer than a whole file at once does (by hand).
 */
const PIECE = 4096

function* flacPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
}

/**
 * The header of a frame (number 0: 4096 samples, mono, 16 bits, 44.1 kHz) and zeros up to the 14 bytes that
 * codec-parser wants before it believes one. No frame follows, so it gives no samples.
 */
const NEXT_HEADER = Uint8Array.of(0xff, 0xf8, 0xc9, 0x08, 0x00, 0x95, 0, 0, 0, 0, 0, 0, 0, 0)

/**
 * codec-parser, which finds the frames for libFLAC, loses the last one where its last bytes could begin another:
 * 0xff third from the end, or a sync code that is not refuted before the input ends. Silence is written as ones, so
 * sounds that end in it often end like that. A frame before another header is told by its CRC, whatever its bytes.
 */
function closed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, NEXT_HEADER])
}

/**
 * codec-parser finds no frame behind one that is damaged. Where a file has fewer samples than it says, its frames are looked for one by
 * one: each says where in the sound it stands, and what is lost before it becomes silence.
 */
async function withFramesBehindDamage(
  found: Decoded,
  decoder: FLACDecoder,
  bytes: Uint8Array,
  maxSeconds: number,
): Promise<Decoded> {
  const { declared = 0 } = found.completeness
  const parts: Float32Array[] = []
  let [length, lost, sampleRate, channels] = [0, 0, 0, 0]
  for (const frame of wholeFlacFrames(bytes, view(bytes).getUint16(10))) {
    const piece = await quietly(() => decoder.decodeFrames([frame.bytes]))
    const part = mixDown(piece.channelData)
    const gap = frame.start - length
    if (part.length === 0 || gap < 0 || frame.start + part.length > declared) continue
    expectWithinSoFar(maxSeconds, frame.start + part.length, piece.sampleRate)
    if (gap > 0) parts.push(new Float32Array(gap))
    parts.push(part)
    ;[length, lost] = [frame.start + part.length, lost + gap]
    ;[sampleRate, channels] = [piece.sampleRate, piece.channelData.length]
  }
  if (length <= found.samples.length) return found
  const completeness = { ...found.completeness, lost }
  return { samples: joined(parts), sampleRate, channels, completeness }
}

function isOgg(bytes: Uint8Array): boolean {
  return bytesAre(bytes, 0, 'OggS')
}

function declaredCompleteness(bytes: Uint8Array, decoded: number): Completeness {
  return isOgg(bytes) ? { complete: isWholeOgg(bytes) } : completeness(decoded, declaredSamples(bytes))
}

/** STREAMINFO, the first metadata block, counts the samples in 36 bits; 0 says that nobody knew. */
function declaredSamples(bytes: Uint8Array): number | undefined {
  if (bytes.length < 26) return undefined
  const count = (bytes[21]! & 0x0f) * 2 ** 32 + view(bytes).getUint32(22)
  return count === 0 ? undefined : count
}

/** By the rate in the same block, 20 bits; undefined for one that cannot be, which the frames may know better. */
function declaredSeconds(bytes: Uint8Array): number | undefined {
  const samples = declaredSamples(bytes)
  if (samples === undefined) return undefined
  const sampleRate = (bytes[18]! << 12) | (bytes[19]! << 4) | (bytes[20]! >> 4)
  return isSampleRate(sampleRate) ? samples / sampleRate : undefined
}
