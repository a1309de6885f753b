import { add, gelu } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { broadcastTo, concat, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import { type EncoderInputs, expectLengths, hide } from './encoder-inputs.js'
import { crop, type TokenGrid, type WindowTokens } from './fixed-window.js'
import { type KaldiConfig, kaldiFeatures } from './kaldi-features.js'
import { sinePositions } from './patch-transformer.js'
import { postNormLayer, selfAttention } from './residual-layer.js'
import { patchCount, spectrogramPatches } from './spectrogram-patches.js'

/** EAT (Chen et al. 2024) and SSLAM (Alex et al. 2025), which is EAT trained on mixtures: post-norm, fixed positions. */
export interface EatConfig extends KaldiConfig, WindowTokens {
  readonly kind: 'eat'
  /** Frames, and bins, of a patch; patches do not overlap. */
  readonly patchSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly feedForwardSize: number
  readonly normEpsilon: number
  readonly queryKeyValueBias: boolean
  readonly windowSeconds: number
}

/**
 * Source: eat_model.py and model_core.py beside the published checkpoints, whose names the weights keep; models/
 * images.py and modules.py of github.com/ta012/SSLAM. The token for classification is not given on.
 * @returns [batch, tokens, hiddenSize], time-major (token = step·bands + band)
 */
export function eat(scope: Scope, config: EatConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const features = hide(kaldiFeatures(waveform, expectLengths(config.kind, inputs), config), inputs)
  const all = eatTokens(scope, config, features)
  return crop(slice(all, 1, 1, fixed(all.shape[1])), eatGrid(config), fixed(waveform.shape[1]))
}

export function eatGrid(config: EatConfig): TokenGrid {
  const { frames, hopSize, patchSize } = config
  const samples = frames * hopSize
  const steps = patchCount(frames, patchSize, patchSize)
  const bands = bandsOf(config)
  return config.tokens === 'window'
    ? { samplesPerStep: samples, tokensPerStep: steps * bands, window: { samples, steps: 1 } }
    : { samplesPerStep: patchSize * hopSize, tokensPerStep: bands, window: { samples, steps } }
}

function bandsOf({ melBins, patchSize }: EatConfig): number {
  return patchCount(melBins, patchSize, patchSize)
}

/** Features [batch, frames, melBins] → [batch, 1 + all patches, hiddenSize], patches time-major. */
export function eatTokens(scope: Scope, config: EatConfig, features: Tensor): Tensor {
  const { hiddenSize, patchSize: size, layers, normEpsilon } = config
  const projection = scope.in('local_encoder.proj')
  const weight = projection.parameter('weight', [hiddenSize, 1, size, size], { normal: 1 / size })
  // Its patches are [frames, bins], ours [bins, frames].
  const flat = reshape(transpose(weight, [0, 1, 3, 2]), [hiddenSize, size * size])
  const patches = spectrogramPatches(features, { size, frameStride: size, binStride: size })
  const embedded = add(
    matmul(patches, flat, { transposeB: true }),
    projection.parameter('bias', [hiddenSize], 'zeros'),
  )
  const positions = sinePositions(scope.graph, fixed(patches.shape[1]), bandsOf(config), hiddenSize)
  const special = scope.parameter('extra_tokens', [1, 1, hiddenSize], { normal: 0.02 })
  const first = broadcastTo(special, [fixed(features.shape[0]), 1, hiddenSize])
  let states = layerNorm(scope.in('pre_norm'), concat([first, add(embedded, positions)], 1), normEpsilon)
  for (let layer = 0; layer < layers; layer++)
    states = encoderLayer(scope.in(`blocks.${layer}`), config, states)
  return states
}

function encoderLayer(scope: Scope, config: EatConfig, x: Tensor): Tensor {
  const { hiddenSize, heads, feedForwardSize, normEpsilon, queryKeyValueBias: bias } = config
  return postNormLayer(x, {
    attentionNorm: (states) => layerNorm(scope.in('norm1'), states, normEpsilon),
    attention: (states) => {
      const joint = linear(scope.in('attn.qkv'), states, 3 * hiddenSize, { bias })
      const part = (i: number) => slice(joint, 2, i * hiddenSize, (i + 1) * hiddenSize)
      return linear(scope.in('attn.proj'), selfAttention([part(0), part(1), part(2)], heads), hiddenSize)
    },
    feedForwardNorm: (states) => layerNorm(scope.in('norm2'), states, normEpsilon),
    feedForward: (states) =>
      linear(scope.in('mlp.fc2'), gelu(linear(scope.in('mlp.fc1'), states, feedForwardSize)), hiddenSize),
  })
}
