import { mean } from '../graph/reduce.js'
import { concat, reshape, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import { batchNorm } from './batch-norm.js'
import { stretch } from './bicubic.js'
import { type ClapFeatureConfig, clapFeatures } from './clap-features.js'
import { clapPatches } from './clap-patches.js'
import { type EncoderInputs, expectLengths, hide } from './encoder-inputs.js'
import { crop, type TokenGrid } from './fixed-window.js'
import { mergePatches, swinStage } from './swin.js'

/**
 * The audio encoder of CLAP (Wu et al. 2023): HTS-AT (Chen et al. 2022), a Swin transformer over the log-mel
 * spectrogram of 10 s, which is cut in four and laid out as a square.
 */
export interface ClapConfig extends ClapFeatureConfig {
  readonly kind: 'clap'
  /** The square's side: so many mel bins of so many parts. */
  readonly imageSize: number
  readonly patchSize: number
  /** Width of a patch; each stage after the first doubles it. */
  readonly patchWidth: number
  readonly depths: readonly number[]
  readonly heads: readonly number[]
  /** Patches of an attention window's side. */
  readonly attentionWindow: number
  readonly feedForwardRatio: number
  readonly normEpsilon: number
  readonly queryKeyValueBias: boolean
  readonly fusion: boolean
  readonly fusionReduction: number
  /** Width of the tokens: patchWidth · 2^(stages − 1). */
  readonly hiddenSize: number
  /**
   * `audio`: the tokens before pooling that the sound reaches; `window`: all of them; `pooled`: their mean, one token
   * for a window. @default 'audio'
   */
  readonly tokens?: 'audio' | 'window' | 'pooled'
}

/**
 * Source: `ClapAudioModel` in transformers/models/clap/modeling_clap.py, whose names the weights keep. A checkpoint with
 * fusion hears a window as Transformers lets it hear a single sound of at most 10 s: as four times the same.
 * @returns [batch, tokens, hiddenSize], time-major
 */
export function clap(scope: Scope, config: ClapConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const features = hide(clapFeatures(waveform, expectLengths(config.kind, inputs), config), inputs)
  const [batch, frames, bins] = features.shape.map(fixed) as [number, number, number]
  const one = reshape(features, [batch, 1, frames, bins])
  const tokens = clapTokens(scope, config, config.fusion ? concat([one, one, one, one], 1) : one)
  return config.tokens === 'pooled'
    ? mean(tokens, [1])
    : crop(tokens, clapGrid(config), fixed(waveform.shape[1]))
}

export function clapGrid(config: ClapConfig): TokenGrid {
  const { sampleRate, windowSeconds, imageSize, melBins, patchSize, depths, tokens } = config
  const samples = Math.round(windowSeconds * sampleRate)
  const side = imageSize / patchSize / 2 ** (depths.length - 1)
  if (tokens === 'pooled') {
    return { samplesPerStep: samples, tokensPerStep: 1, window: { samples, steps: 1 } }
  }
  if (tokens === 'window') {
    return { samplesPerStep: samples, tokensPerStep: side ** 2, window: { samples, steps: 1 } }
  }
  const parts = imageSize / melBins
  const steps = parts * side
  return {
    samplesPerStep: Math.ceil(samples / steps),
    tokensPerStep: side / parts,
    window: { samples, steps },
  }
}

/** Features [batch, 1 or 4, frames, melBins] → [batch, all tokens, hiddenSize], time-major, low bands first. */
export function clapTokens(scope: Scope, config: ClapConfig, features: Tensor): Tensor {
  const { imageSize, melBins, depths, heads, normEpsilon } = config
  const parts = imageSize / melBins
  const at = scope.in('patch_embed')
  const image = foldTime(stretch(batchNorm(scope.in('batch_norm'), features), imageSize * parts), parts)
  const patches = clapPatches(at, { ...config, width: config.patchWidth }, image)
  let states = layerNorm(at.in('norm'), patches, 1e-5)
  for (const [stage, depth] of depths.entries()) {
    const layers = scope.in(`layers.${stage}`)
    const settings = { ...config, depth, heads: heads[stage]!, window: config.attentionWindow, normEpsilon }
    states = swinStage(layers, settings, states)
    if (stage < depths.length - 1) states = mergePatches(layers.in('downsample'), states)
  }
  return unfoldTime(layerNorm(scope.in('norm'), states, 1e-5), parts)
}

/** The spectrogram's parts under one another: [batch, c, frames, bins] → [batch, c, parts·bins, frames/parts]. */
function foldTime(features: Tensor, parts: number): Tensor {
  const [batch, channels, frames, bins] = features.shape.map(fixed) as [number, number, number, number]
  const cut = reshape(features, [batch, channels, parts, frames / parts, bins])
  return reshape(transpose(cut, [0, 1, 2, 4, 3]), [batch, channels, parts * bins, frames / parts])
}

/** And back: [batch, parts·bands, steps, width] → [batch, parts·steps·bands, width]. */
function unfoldTime(states: Tensor, parts: number): Tensor {
  const [batch, rows, steps, width] = states.shape.map(fixed) as [number, number, number, number]
  const bands = rows / parts
  const cut = transpose(reshape(states, [batch, parts, bands, steps, width]), [0, 1, 3, 2, 4])
  return reshape(cut, [batch, rows * steps, width])
}
