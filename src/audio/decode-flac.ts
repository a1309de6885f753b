import { bytesAre, view } from './bytes.js'
import { decodeInPieces } from './decode-in-pieces.js'
import { type Completeness, completeness, type Decoded } from './decoded.js'
import { expectDeclaredWithin } from './length-limit.js'
import { isWholeOgg, oggPieces } from './ogg-pages.js'
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
    return { ...decoded, completeness: { complete: complete && !damaged, ...declared } }
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
