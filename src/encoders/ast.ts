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
import { preNormLayer, selfAttention } from './residual-layer.js'
import { patchCount, spectrogramPatches } from './spectrogram-patches.js'

/** The Audio Spectrogram Transformer (Gong et al. 2021): overlapping patches, learnt positions, pre-norm. */
export interface AstConfig extends KaldiConfig, WindowTokens {
  readonly kind: 'ast'
  /** Frames, and bins, of a patch; and from one patch to the next. */
  readonly patchSize: number
  readonly frameStride: number
  readonly binStride: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly feedForwardSize: number
  readonly normEpsilon: number
  readonly queryKeyValueBias: boolean
  readonly windowSeconds: number
}

/**
 * Source: `ASTModel` in transformers/models/audio_spectrogram_transformer. The weights have the names of published
 * checkpoints. Its two tokens for classification are not given on.
 * @returns [batch, tokens, hiddenSize], time-major (token = step·bands + band)
 */
export function ast(scope: Scope, config: AstConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const features = hide(kaldiFeatures(waveform, expectLengths(config.kind, inputs), config), inputs)
  const patches = slice(astTokens(scope, config, features), 1, SPECIAL, SPECIAL + stepsAndBands(config).count)
  return crop(patches, astGrid(config), fixed(waveform.shape[1]))
}

/** The tokens for classification and for distillation, which stand before the patches. */
const SPECIAL = 2

export function astGrid(config: AstConfig): TokenGrid {
  const samples = config.frames * config.hopSize
  const { steps, bands, count } = stepsAndBands(config)
  return config.tokens === 'window'
    ? { samplesPerStep: samples, tokensPerStep: count, window: { samples, steps: 1 } }
    : {
        samplesPerStep: config.frameStride * config.hopSize,
        tokensPerStep: bands,
        window: { samples, steps },
      }
}

function stepsAndBands({ frames, melBins, patchSize, frameStride, binStride }: AstConfig) {
  const steps = patchCount(frames, patchSize, frameStride)
  const bands = patchCount(melBins, patchSize, binStride)
  return { steps, bands, count: steps * bands }
}

/** Features [batch, frames, melBins] → [batch, 2 + all patches, hiddenSize], patches time-major. */
export function astTokens(scope: Scope, config: AstConfig, features: Tensor): Tensor {
  const { hiddenSize, patchSize: size, layers, normEpsilon } = config
  const { steps, bands, count } = stepsAndBands(config)
  const at = scope.in('embeddings')
  const projection = at.in('patch_embeddings.projection')
  const weight = projection.parameter('weight', [hiddenSize, 1, size, size], { normal: 1 / size })
  const flat = reshape(weight, [hiddenSize, size * size])
  const patches = matmul(spectrogramPatches(features, { ...config, size }), flat, { transposeB: true })
  const embedded = add(patches, projection.parameter('bias', [hiddenSize], 'zeros'))

  const positions = at.parameter('position_embeddings', [1, SPECIAL + count, hiddenSize], { normal: 0.02 })
  // They are stored band by band.
  const grid = reshape(slice(positions, 1, SPECIAL, SPECIAL + count), [1, bands, steps, hiddenSize])
  const ofPatches = reshape(transpose(grid, [0, 2, 1, 3]), [1, count, hiddenSize])
  const special = concat(
    ['cls_token', 'distillation_token'].map((name) =>
      at.parameter(name, [1, 1, hiddenSize], { normal: 0.02 }),
    ),
    1,
  )
  const first = add(special, slice(positions, 1, 0, SPECIAL))
  const batch = fixed(features.shape[0])
  let states = concat([broadcastTo(first, [batch, SPECIAL, hiddenSize]), add(embedded, ofPatches)], 1)
  for (let layer = 0; layer < layers; layer++) {
    states = encoderLayer(scope.in(`encoder.layer.${layer}`), config, states)
  }
  return layerNorm(scope.in('layernorm'), states, normEpsilon)
}

function encoderLayer(scope: Scope, config: AstConfig, x: Tensor): Tensor {
  const { hiddenSize, heads, feedForwardSize, normEpsilon, queryKeyValueBias: bias } = config
  const project = (name: string, states: Tensor) =>
    linear(scope.in(`attention.attention.${name}`), states, hiddenSize, { bias })
  return preNormLayer(x, {
    attentionNorm: (states) => layerNorm(scope.in('layernorm_before'), states, normEpsilon),
    attention: (states) => {
      const projected = [project('query', states), project('key', states), project('value', states)] as const
      return linear(scope.in('attention.output.dense'), selfAttention(projected, heads), hiddenSize)
    },
    feedForwardNorm: (states) => layerNorm(scope.in('layernorm_after'), states, normEpsilon),
    feedForward: (states) => {
      const widened = gelu(linear(scope.in('intermediate.dense'), states, feedForwardSize))
      return linear(scope.in('output.dense'), widened, hiddenSize)
    },
  })
}
