import { view } from './bytes.js'
import { completeness, type Decoded, DecodeError } from './decoded.js'
import { aLaw, muLaw } from './g711.js'
import { expectWithin } from './length-limit.js'
import { type ReadSample, readInterleaved } from './read-interleaved.js'

/**
 * AU, the format of Sun and NeXT: big-endian integers of 8, 16, 24 and 32 bits, floats of 32 and 64, mu-law and A-law. The
 * header has six numbers of 32 bits, the first of which is the magic word, and perhaps a note behind them.
 */
export function decodeAu(bytes: Uint8Array, maxSeconds: number): Decoded {
  const { offset, declaredBytes, encoding, sampleRate, channels } = header(bytes)
  const { bytesPerSample, read } = reader(encoding)
  const data = bytes.subarray(offset, offset + (declaredBytes ?? bytes.length))
  const frame = channels * bytesPerSample
  expectWithin(maxSeconds, Math.floor(data.length / frame), sampleRate)
  const samples = readInterleaved(data, { channels, bytesPerSample, read })
  const declared = declaredBytes === undefined ? undefined : Math.floor(declaredBytes / frame)
  return { samples, sampleRate, channels, completeness: completeness(samples.length, declared) }
}

const HEADER_BYTES = 24

function header(bytes: Uint8Array) {
  if (bytes.length < HEADER_BYTES) {
    throw new DecodeError(
      `expected ${HEADER_BYTES} bytes or more in the header of this AU file, got ${bytes.length}`,
    )
  }
  const stored = view(bytes)
  const [offset, length, encoding, sampleRate, channels] = [4, 8, 12, 16, 20].map((at) =>
    stored.getUint32(at),
  ) as [number, number, number, number, number]
  if (offset < HEADER_BYTES) {
    throw new DecodeError(
      `expected the samples of this AU file behind its ${HEADER_BYTES} bytes of header, got ${offset}`,
    )
  }
  if (channels === 0) throw new DecodeError('expected an AU file of one channel or more, got 0 channels')
  // Written by programs that did not know the length when they began: it goes on to the end.
  const unknown = length === 0xffffffff || (length === 0 && offset < bytes.length)
  return { offset, declaredBytes: unknown ? undefined : length, encoding, sampleRate, channels }
}

/** How one stored sample becomes a number within [-1, 1]. */
function reader(encoding: number): { readonly bytesPerSample: number; readonly read: ReadSample } {
  const known = READERS.get(encoding)
  if (known) return { bytesPerSample: known[0], read: known[1] }
  throw new DecodeError(
    `expected an AU file of 8, 16, 24 or 32-bit integers, 32 or 64-bit floats, A-law or mu-law, got ${ENCODING_NAMES[encoding] ?? `encoding ${encoding}`}`,
    { hint: 'Convert it first, for example: ffmpeg -i INPUT -c:a pcm_s16le output.wav' },
  )
}

const READERS: ReadonlyMap<number, readonly [bytesPerSample: number, read: ReadSample]> = new Map([
  [1, [1, (stored, at) => muLaw(stored.getUint8(at))]],
  [2, [1, (stored, at) => stored.getInt8(at) / 128]],
  [3, [2, (stored, at) => stored.getInt16(at) / 32768]],
  [4, [3, (stored, at) => int24(stored, at) / 8388608]],
  [5, [4, (stored, at) => stored.getInt32(at) / 2147483648]],
  [6, [4, (stored, at) => stored.getFloat32(at)]],
  [7, [8, (stored, at) => stored.getFloat64(at)]],
  [27, [1, (stored, at) => aLaw(stored.getUint8(at))]],
])

/** Other encodings of `audio.h`, for the message. */
const ENCODING_NAMES: Readonly<Record<number, string>> = {
  8: 'fragmented samples',
  23: 'G.721 ADPCM',
  24: 'G.722 ADPCM',
  25: 'G.723 3-bit ADPCM',
  26: 'G.723 5-bit ADPCM',
}

function int24(stored: DataView, at: number): number {
  return (stored.getInt16(at) << 8) | stored.getUint8(at + 2)
}
