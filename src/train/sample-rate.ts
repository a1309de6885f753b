import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'

/** What a model hears at, in Hz: all of its encoders are of one rate. @throws PalError for a model that hears nothing */
export function sampleRateOf({ encoders }: Pick<ModelConfig, 'encoders'>): number {
  const [first] = encoders
  if (!first) throw new PalError('expected at least one encoder, got none', { key: 'model.encoders' })
  return first.encoder.sampleRate
}
