import { PalError } from '../errors.js'

const HEADER_BYTES = 44

/**
 * A mono wav file of 16-bit integers. Samples outside [-1, 1] become the nearest that 16 bits can hold, as in
 * every writer of integer wav.
 *
 * @param samples [time]
 * @param sampleRate Hz
 * @throws PalError for a sample that is not a number
 */
export function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length)
  const file = new DataView(bytes.buffer)
  const name = (at: number, fourLetters: string) => bytes.set(Buffer.from(fourLetters, 'latin1'), at)
  name(0, 'RIFF')
  file.setUint32(4, bytes.length - 8, true)
  name(8, 'WAVE')
  name(12, 'fmt ')
  file.setUint32(16, 16, true)
  file.setUint16(20, 1, true) // integers
  file.setUint16(22, 1, true) // channels
  file.setUint32(24, sampleRate, true)
  file.setUint32(28, 2 * sampleRate, true) // bytes per second
  file.setUint16(32, 2, true) // bytes per sample of all channels
  file.setUint16(34, 16, true) // bits per sample
  name(36, 'data')
  file.setUint32(40, 2 * samples.length, true)
  for (let i = 0; i < samples.length; i++) file.setInt16(HEADER_BYTES + 2 * i, int16(samples[i]!, i), true)
  return bytes
}

function int16(sample: number, at: number): number {
  if (Number.isNaN(sample)) throw new PalError(`expected samples that are numbers, got NaN (sample ${at})`)
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)))
}
