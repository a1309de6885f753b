import { bytesAre, view } from './bytes.js'
import { type Completeness, completeness, type Decoded } from './decoded.js'
import { mixDown } from './mix-down.js'
import { isWholeOgg } from './ogg-pages.js'
import { quietly } from './quietly.js'

/** FLAC, plain or in Ogg, by libFLAC. */
export async function decodeFlac(bytes: Uint8Array): Promise<Decoded> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac')
  const decoder = new FLACDecoder()
  await decoder.ready
  try {
    const { channelData, sampleRate, errors } = await quietly(() => decoder.decodeFile(closed(bytes)))
    const samples = mixDown(channelData)
    const { complete, ...declared } = declaredCompleteness(bytes, samples.length)
    const completeness = { complete: complete && errors.length === 0, ...declared }
    return { samples, sampleRate, channels: channelData.length, completeness }
  } finally {
    decoder.free()
  }
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
  // The pages of Ogg say how long they are.
  return isOgg(bytes) ? bytes : Buffer.concat([bytes, NEXT_HEADER])
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
