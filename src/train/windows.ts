import { type EncoderConfig, tokenGrid } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'
import { windowSamples } from '../model/network/padded-samples.js'
import type { Stage } from './recipe/recipe.js'
import { stageConfig } from './trained-parts.js'

/**
 * Expects batches that are no longer than what an encoder hears at once: a model that answers cuts longer audio into windows, and
 * what it had learnt to hear whole would never come again.
 * @param sizes of the model's weights, by which stages leave encoders out
 * @throws PalError naming the batch, for the first that is longer
 */
export function expectWithinWindows(
  config: ModelConfig,
  sizes: ReadonlyMap<string, number>,
  stages: readonly Stage[],
): void {
  for (const [i, stage] of stages.entries()) {
    for (const named of stageConfig(config, sizes, stage).encoders) {
      const { name, encoder } = named
      const at = stage.batches.findIndex(
        ({ seconds }) =>
          hearsWindows(encoder) && Math.round(seconds * encoder.sampleRate) > windowSamples(named),
      )
      if (at < 0) continue
      throw new PalError(
        `expected at most ${encoder.windowSeconds} s, what the encoder "${name}" hears at once, got ${stage.batches[at]!.seconds} s`,
        {
          key: `stages.${i}.batches.${at}.seconds`,
          hint: 'A model that answers cuts longer audio into such windows. Train on shorter audio, or give an encoder that is written out larger `windowSeconds`.',
        },
      )
    }
  }
}

/** Whether what a token hears is its window, rather than the few seconds around it that convolutions see, wherever audio is cut. */
function hearsWindows(encoder: EncoderConfig): boolean {
  return encoder.kind === 'patch-transformer' || tokenGrid(encoder).window !== undefined
}
