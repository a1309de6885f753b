import type { Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'
import {
  type FeatureMask,
  type PatchTransformerConfig,
  patchGrid,
  patchTransformer,
} from './patch-transformer.js'

/** Every encoder that there is: a new one is one new file and one line in each function here. */
export type EncoderConfig = PatchTransformerConfig

/**
 * waveform [batch, samples] → [batch, tokens, hiddenSize].
 * @param mask [batch, 1, 1, 1, tokens], added to attention scores: hides tokens that are padding
 */
export function encode(
  scope: Scope,
  config: EncoderConfig,
  waveform: Tensor,
  mask?: Tensor,
  features?: FeatureMask,
): Tensor {
  return patchTransformer(scope, config, waveform, mask, features)
}

/** The grid in time on which an encoder makes tokens. */
export function tokenGrid(config: EncoderConfig): { samplesPerStep: number; tokensPerStep: number } {
  return patchGrid(config)
}
