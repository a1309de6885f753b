import { decodeWithFfmpeg } from './decode-with-ffmpeg.js'
import { type Decoded, DecodeError } from './decoded.js'
import { expectDeclaredWithin } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { declaredMp4Seconds, mp4Boxes } from './mp4-boxes.js'

/**
 * AAC, alone or in m4a. The decoders that npm has are under the GPL or LGPL, or weigh tens of megabytes, so none
 * comes with this package: `@audio/decode-aac` (FAAD2 in WebAssembly, GPL-2.0) is used where the user has installed
 * it, else the machine's ffmpeg.
 */
export async function decodeAac(
  bytes: Uint8Array,
  format: 'aac' | 'm4a',
  maxSeconds: number,
): Promise<Decoded> {
  expectDeclaredWithin(maxSeconds, format === 'm4a' ? declaredMp4Seconds(bytes) : adtsSeconds(bytes))
  const decode = await installedDecoder()
  if (!decode) return decodeWithFfmpeg(bytes, format, maxSeconds)
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

/** Boxes follow one another up to the end of the file. */
function isWholeMp4(bytes: Uint8Array): boolean {
  let end = 0
  for (const { to } of mp4Boxes(bytes)) end = to
  return end === bytes.length
}

/** Frames follow one another, each with its length in 13 bits of its header (ISO/IEC 13818-7, 6.2). */
function isWholeAdts(bytes: Uint8Array): boolean {
  let at = 0
  while (isAdtsFrame(bytes, at)) {
    const length = adtsLength(bytes, at)
    if (length < 7) return false // No frame is smaller than its header: the walk would not end.
    at += length
  }
  return at === bytes.length
}

const ADTS_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]

/**
 * By the frames that a decoder finds, each of 1024 samples at the rate that it says; the first is the encoder's delay.
 * Bytes between them are passed over, as decoders do.
 */
function adtsSeconds(bytes: Uint8Array): number | undefined {
  let frames = 0
  let sampleRate: number | undefined
  for (let at = 0; at + 7 <= bytes.length; ) {
    if (!isAdtsFrame(bytes, at)) {
      at++
      continue
    }
    const length = adtsLength(bytes, at)
    if (length < 7 || at + length > bytes.length) break
    sampleRate ??= ADTS_RATES[(bytes[at + 2]! >> 2) & 15]
    frames++
    at += length
  }
  return sampleRate === undefined ? undefined : ((frames - 1) * 1024) / sampleRate
}

function isAdtsFrame(bytes: Uint8Array, at: number): boolean {
  return at + 7 <= bytes.length && bytes[at] === 0xff && (bytes[at + 1]! & 0xf6) === 0xf0
}

function adtsLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5)
}
