import { findModel } from '../hub/find-model.js'
import { readDescription } from '../model/config/model-description.js'
import type { EvalIdentity } from './run.js'

/** Hz at which a recipe's questions are drawn, whatever the model hears at: all models are asked the same. */
export const QUESTIONS_RATE = 16_000

/**
 * What a model hears at, in Hz. Its weights are not opened.
 * @throws PalError for a folder without a model
 */
export async function rateOf(model: string | undefined): Promise<number> {
  return (await readDescription(findModel(model))).sampleRate
}

/**
 * What the answers' identity says of the rate, in Hz, that their model hears at: nothing at the usual one. Other models
 * once heard everything at the wrong speed, and their answers of then are not gone on with.
 */
export function rateIdentity(sampleRate: number): EvalIdentity {
  return sampleRate === QUESTIONS_RATE ? {} : { sampleRate }
}
