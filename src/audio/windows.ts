import { PalError } from '../errors.js'

/** A stretch of a longer sound, and when in it it begins. */
export interface Window {
  /** [time]: a view into the longer sound, not a copy. */
  readonly samples: Float32Array
  readonly startSeconds: number
}

/**
 * Consecutive windows of a sound. Joined in order they give back every sample; the last may be shorter.
 *
 * @param samples [time]
 * @throws PalError for a window that is shorter than one sample
 */
export function windows(samples: Float32Array, sampleRate: number, windowSeconds: number): Window[] {
  const length = Math.round(windowSeconds * sampleRate)
  if (!(length >= 1)) {
    throw new PalError(`expected a window of at least one sample at ${sampleRate} Hz, got ${windowSeconds} s`)
  }
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, i) => ({
    samples: samples.subarray(i * length, (i + 1) * length),
    startSeconds: (i * length) / sampleRate,
  }))
}
