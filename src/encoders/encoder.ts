import type { Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'
import { type AisfxConfig, aisfx, aisfxGrid } from './aisfx.js'
import { type AstConfig, ast, astGrid } from './ast.js'
import { type ClapConfig, clap, clapGrid } from './clap.js'
import { type EatConfig, eat, eatGrid } from './eat.js'
import type { TokenGrid } from './fixed-window.js'
import {
  type FeatureMask,
  type PatchTransformerConfig,
  patchGrid,
  patchTransformer,
} from './patch-transformer.js'
import { type WhisperConfig, whisper, whisperGrid } from './whisper.js'

/** Every encoder that there is: a new one is one new file and one line in each function here. */
export type EncoderConfig =
  | PatchTransformerConfig
  | WhisperConfig
  | AstConfig
  | EatConfig
  | ClapConfig
  | AisfxConfig

/**
 * waveform [batch, samples] → [batch, tokens, hiddenSize]. Each has its own front end, window and grid of tokens.
 * @param mask [batch, 1, 1, 1, tokens], added to attention scores: hides tokens that are padding. Encoders of fixed
 *   windows were trained to hear what follows the end, and hide nothing.
 * @param lengths [batch, 1], samples of each audio: what `ast`, `eat` and `clap` hear behind the end depends on it, and so does
 *   what a patch transformer with mean normalization takes the mean over
 */
export function encode(
  scope: Scope,
  config: EncoderConfig,
  waveform: Tensor,
  mask?: Tensor,
  features?: FeatureMask,
  lengths?: Tensor,
): Tensor {
  switch (config.kind) {
    case 'patch-transformer':
      return patchTransformer(scope, config, { waveform, lengths }, mask, features)
    case 'whisper':
      return whisper(scope, config, waveform, features)
    case 'ast':
      return ast(scope, config, { waveform, lengths }, features)
    case 'eat':
      return eat(scope, config, { waveform, lengths }, features)
    case 'clap':
      return clap(scope, config, { waveform, lengths }, features)
    case 'aisfx':
      return aisfx(scope, config, waveform, features)
  }
}

/** The grid in time on which an encoder makes tokens. */
export function tokenGrid(config: EncoderConfig): TokenGrid {
  switch (config.kind) {
    case 'patch-transformer':
      return patchGrid(config)
    case 'whisper':
      return whisperGrid(config)
    case 'ast':
      return astGrid(config)
    case 'eat':
      return eatGrid(config)
    case 'clap':
      return clapGrid(config)
    case 'aisfx':
      return aisfxGrid(config)
  }
}

/** How many layers an encoder has, all stages together. */
export function layerCount(config: EncoderConfig): number {
  switch (config.kind) {
    case 'clap':
      return config.depths.reduce((sum, depth) => sum + depth, 0)
    case 'aisfx':
      return 2 * config.channels.length
    default:
      return config.layers
  }
}
