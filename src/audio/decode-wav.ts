import { bytesAre, view } from './bytes.js'
import { completeness, type Decoded, DecodeError } from './decoded.js'
import { aLaw, muLaw } from './g711.js'
import { expectWithin } from './length-limit.js'
import { type ReadSample, readInterleaved } from './read-interleaved.js'

/**
 * Uncompressed wav: 8, 16, 24 and 32-bit integers, 32 and 64-bit floats, A-law and mu-law, plain or wrapped in
 * WAVE_FORMAT_EXTENSIBLE.
 */
export function decodeWav(bytes: Uint8Array, maxSeconds: number): Decoded {
  const { format, data, declaredBytes } = chunks(bytes)
  const read = sampleReader(format)
  const { channels, sampleRate, bits } = format
  const frame = (channels * bits) / 8
  // Of what the header says, what is there: programs that did not know the length write the largest that they can.
  expectWithin(maxSeconds, Math.floor(data.length / frame), sampleRate)
  const samples = readInterleaved(data, { channels, bytesPerSample: bits / 8, read })
  const declared = declaredBytes === undefined ? undefined : Math.floor(declaredBytes / frame)
  return { samples, sampleRate, channels, completeness: completeness(samples.length, declared) }
}

interface WavFormat {
  readonly code: number
  readonly channels: number
  readonly sampleRate: number
  readonly bits: number
}

const [PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE] = [1, 3, 6, 7, 0xfffe]

/** Compressed codes that are met in practice, for the message. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG layer II',
  85: 'mp3',
  255: 'AAC',
}

/** Walks the RIFF chunks to the format and the samples; all other chunks are about the sound, not of it. */
function chunks(bytes: Uint8Array): {
  format: WavFormat
  data: Uint8Array
  declaredBytes: number | undefined
} {
  const stored = view(bytes)
  let format: WavFormat | undefined
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = stored.getUint32(at + 4, true)
    if (bytesAre(bytes, at, 'fmt ')) format = formatChunk(bytes.subarray(at + 8, at + 8 + length))
    if (bytesAre(bytes, at, 'data')) {
      if (format === undefined)
        throw new DecodeError('expected a "fmt " chunk before the "data" chunk of this wav')
      // Written by programs that did not know the length when they began, and by RF64: it goes on to the end.
      const unknown = length === 0xffffffff || (length === 0 && at + 8 < bytes.length)
      const data = unknown ? bytes.subarray(at + 8) : bytes.subarray(at + 8, at + 8 + length)
      return { format, data, declaredBytes: unknown ? undefined : length }
    }
    at += 8 + length + (length % 2)
  }
  const found = format === undefined ? 'neither a "fmt " nor a "data" chunk' : 'no "data" chunk'
  throw new DecodeError(`expected a wav with sound, found ${found} in its ${bytes.length} bytes`)
}

function formatChunk(chunk: Uint8Array): WavFormat {
  if (chunk.length < 16) {
    throw new DecodeError(`expected 16 bytes or more in the "fmt " chunk of this wav, got ${chunk.length}`)
  }
  const stored = view(chunk)
  const code = stored.getUint16(0, true)
  const format = {
    // An extensible format keeps its real code in the first two bytes of its sub-format.
    code: code === EXTENSIBLE && chunk.length >= 26 ? stored.getUint16(24, true) : code,
    channels: stored.getUint16(2, true),
    sampleRate: stored.getUint32(4, true),
    bits: stored.getUint16(14, true),
  }
  if (format.channels === 0) throw new DecodeError('expected a wav of one channel or more, got 0 channels')
  return format
}

/** How one stored sample becomes a number within [-1, 1]. */
function sampleReader({ code, bits }: WavFormat): ReadSample {
  if (code === PCM && bits === 8) return (stored, at) => (stored.getUint8(at) - 128) / 128
  if (code === PCM && bits === 16) return (stored, at) => stored.getInt16(at, true) / 32768
  if (code === PCM && bits === 24) return (stored, at) => int24(stored, at) / 8388608
  if (code === PCM && bits === 32) return (stored, at) => stored.getInt32(at, true) / 2147483648
  if (code === FLOAT && bits === 32) return (stored, at) => stored.getFloat32(at, true)
  if (code === FLOAT && bits === 64) return (stored, at) => stored.getFloat64(at, true)
  if (code === A_LAW && bits === 8) return (stored, at) => aLaw(stored.getUint8(at))
  if (code === MU_LAW && bits === 8) return (stored, at) => muLaw(stored.getUint8(at))
  const name = code === PCM ? 'integer' : code === FLOAT ? 'float' : (CODE_NAMES[code] ?? `format ${code}`)
  throw new DecodeError(
    `expected a wav of 8, 16, 24 or 32-bit integers, 32 or 64-bit floats, A-law or mu-law, got ${bits}-bit ${name}`,
    { hint: 'Convert it first, for example: ffmpeg -i INPUT -c:a pcm_s16le output.wav' },
  )
}

function int24(stored: DataView, at: number): number {
  return stored.getUint16(at, true) | (stored.getInt8(at + 2) << 16)
}
