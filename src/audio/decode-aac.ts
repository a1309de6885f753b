import { view } from './bytes.js'
import { decodeWithFfmpeg } from './decode-with-ffmpeg.js'
import { type Decoded, DecodeError } from './decoded.js'
import { mixDown } from './mix-down.js'

/**
 * AAC, alone or in m4a. The decoders that npm has are under the GPL or LGPL, or weigh tens of megabytes, so none
 * comes with this package: `@audio/decode-aac` (FAAD2 in WebAssembly, GPL-2.0) is used where the user has installed
 * it, else the machine's ffmpeg.
 */
export async function decodeAac(bytes: Uint8Array, format: 'aac' | 'm4a'): Promise<Decoded> {
  const decode = await installedDecoder()
  if (!decode) return decodeWithFfmpeg(bytes, format)
  const { channelData, sampleRate } = await decode(bytes)
  if (channelData.length === 0 || channelData[0]?.length === 0) {
    throw new DecodeError(`expected ${format} audio, got a file that is damaged or cut off`)
  }
  return {
    samples: mixDown(channelData),
    sampleRate,
    channels: channelData.length,
    completeness: { complete: format === 'm4a' ? isWholeMp4(bytes) : isWholeAdts(bytes) },
  }
}

/** What the user has installed, if anything. */
export async function installedDecoder() {
  try {
    return (await import('@audio/decode-aac')).default as (bytes: Uint8Array) => Promise<{
      readonly channelData: readonly Float32Array[]
      readonly sampleRate: number
    }>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Boxes follow one another, each with its length, up to the end of the file (ISO/IEC 14496-12, 4.2). */
function isWholeMp4(bytes: Uint8Array): boolean {
  const data = view(bytes)
  let at = 0
  while (at + 8 <= bytes.length) {
    const short = data.getUint32(at)
    if (short === 0) return true // To the end of the file, wherever that is.
    const size = short === 1 && at + 16 <= bytes.length ? Number(data.getBigUint64(at + 8)) : short
    if (size < 8) return false // No box is smaller than its header: the walk would not end.
    at += size
  }
  return at === bytes.length
}

/** Frames follow one another, each with its length in 13 bits of its header (ISO/IEC 13818-7, 6.2). */
function isWholeAdts(bytes: Uint8Array): boolean {
  let at = 0
  while (at + 7 <= bytes.length && bytes[at] === 0xff && (bytes[at + 1]! & 0xf6) === 0xf0) {
    const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5)
    if (length < 7) return false // Nor a frame.
    at += length
  }
  return at === bytes.length
}
