import { tokenGrid } from '../../encoders/encoder.js'
import type { NamedEncoder } from '../config/config.js'
import { tokenCount } from './token-count.js'

/** Lengths of audio are rounded up to so many parts of a window. */
const LENGTHS = 16

/** A length that is compiled for: few differ. None within a window is longer; some encoders know one length only. */
export function paddedSamples(named: NamedEncoder, samples: number): number {
  const { samplesPerStep, window: only } = tokenGrid(named.encoder)
  if (only) return only.samples
  const window = windowSamples(named)
  const unit = Math.ceil(window / LENGTHS / samplesPerStep) * samplesPerStep
  const rounded = Math.ceil(samples / unit) * unit
  return samples <= window ? Math.min(window, rounded) : rounded
}

/** The samples of a whole window: a whole number of the encoder's steps. */
export function windowSamples(named: NamedEncoder): number {
  const { windowSeconds, sampleRate } = named.encoder
  return tokenCount(named, Math.round(windowSeconds * sampleRate)).samples
}
