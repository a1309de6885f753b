import type { Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'
import { type AisfxConfig, aisfx, aisfxGrid } from './aisfx.js'
import { type AstConfig, ast, astGrid } from './ast.js'
import { type ClapConfig, clap, clapGrid } from './clap.js'
import { type EatConfig, eat, eatGrid } from './eat.js'
import type { EncoderInputs } from './encoder-inputs.js'
import type { TokenGrid } from './fixed-window.js'
import { type PatchTransformerConfig, patchGrid, patchTransformer } from './patch-transformer.js'
import { type WhisperConfig, whisper, whisperGrid } from './whisper.js'
import { type YamnetConfig, yamnet, yamnetGrid } from './yamnet.js'

/** Every encoder that there is: a new one is one new file and one line in each function here. */
export type EncoderConfig =
  | PatchTransformerConfig
  | WhisperConfig
  | AstConfig
  | EatConfig
  | ClapConfig
  | AisfxConfig
  | YamnetConfig

/** A waveform [batch, samples] → [batch, tokens, hiddenSize]. Each has its own front end, window and grid of tokens. */
export function encode(scope: Scope, config: EncoderConfig, inputs: EncoderInputs): Tensor {
  switch (config.kind) {
    case 'patch-transformer':
      return patchTransformer(scope, config, inputs)
    case 'whisper':
      return whisper(scope, config, inputs)
    case 'ast':
      return ast(scope, config, inputs)
    case 'eat':
      return eat(scope, config, inputs)
    case 'clap':
      return clap(scope, config, inputs)
    case 'aisfx':
      return aisfx(scope, config, inputs)
    case 'yamnet':
      return yamnet(scope, config, inputs)
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
    case 'yamnet':
      return yamnetGrid(config)
  }
}

/** What the scores are of that an encoder makes; undefined where its tokens are no scores. */
export function labelsOf(config: EncoderConfig): readonly string[] | undefined {
  return config.kind === 'yamnet' ? config.labels : undefined
}

/** How many layers an encoder has, all stages together. */
export function layerCount(config: EncoderConfig): number {
  switch (config.kind) {
    case 'clap':
      return config.depths.reduce((sum, depth) => sum + depth, 0)
    case 'aisfx':
      return 2 * config.channels.length
    case 'yamnet':
      return config.channels.length
    default:
      return config.layers
  }
}
