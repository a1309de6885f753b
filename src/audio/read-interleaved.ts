import { view } from './bytes.js'

/** The stored sample that begins at a byte, as a number within [-1, 1]. */
export type ReadSample = (stored: DataView, at: number) => number

export interface Interleaved {
  readonly channels: number
  readonly bytesPerSample: number
  readonly read: ReadSample
}

/**
 * Samples that are stored channel beside channel, as [time]: the mean of the channels. Mixes down while it reads, so that an
 * hour of many channels needs the memory of one.
 */
export function readInterleaved(
  data: Uint8Array,
  { channels, bytesPerSample, read }: Interleaved,
): Float32Array {
  const samples = new Float32Array(Math.floor(data.length / (channels * bytesPerSample)))
  const stored = view(data)
  for (let i = 0, at = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++, at += bytesPerSample) sum += read(stored, at)
    samples[i] = sum / channels
  }
  return samples
}
