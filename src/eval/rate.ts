import { findModel } from '../hub/find-model.js'
import { readDescription } from '../model/config/model-description.js'

/** Hz at which a recipe's questions are drawn, whatever the model hears at: all models are asked the same. */
export const QUESTIONS_RATE = 16_000

/**
 * What a model hears at, in Hz. Its weights are not opened.
 * @throws PalError for a folder without a model
 */
export async function rateOf(model: string | undefined): Promise<number> {
  return (await readDescription(findModel(model))).sampleRate
}
