import { PalError } from '../errors.js'
import { add, clampMin, gelu, log, mul, sub } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { max } from '../graph/reduce.js'
import { padAxis, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import { unfold } from '../nn/unfold.js'
import { type EncoderInputs, hide } from './encoder-inputs.js'
import { crop, fillWithSilence, type TokenGrid, type WindowTokens } from './fixed-window.js'
import { melBank } from './mel-filters.js'
import { preNormLayer, selfAttention } from './residual-layer.js'
import { centredPowerSpectrum } from './stft.js'

/**
 * The encoder of Whisper (Radford et al. 2022, section 2.2), of every size: one token for 20 ms. It has only ever
 * heard windows of 30 s, filled up with silence, to which its attention goes like to anything else.
 */
export interface WhisperConfig extends WindowTokens {
  readonly kind: 'whisper'
  readonly sampleRate: 16000
  /** Samples from one frame to the next. */
  readonly hopSize: 160
  /** 80, or 128 for large-v3 and its children. */
  readonly melBins: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly feedForwardSize: number
  /**
   * Less than the 30 s that it was trained on costs less, and other features come out: what is trained on them does not
   * mind (whisper.cpp calls it `audio_ctx`).
   */
  readonly windowSeconds: number
  /** Rows of its table of positions, where those of a window are the first of more. @default those of a window */
  readonly positions?: number
}

/**
 * Source: `WhisperEncoder` in transformers/models/whisper/modeling_whisper.py, whose names its weights keep.
 * @param inputs with a waveform of at most a window, which is followed by silence
 * @returns [batch, tokens, hiddenSize]
 */
export function whisper(scope: Scope, config: WhisperConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const features = hide(whisperFeatures(waveform, config), inputs)
  return crop(whisperTokens(scope, config, features), whisperGrid(config), fixed(waveform.shape[1]))
}

export function whisperGrid({ hopSize, sampleRate, windowSeconds, tokens }: WhisperConfig): TokenGrid {
  const samplesPerStep = hopSize * POOLING
  const samples = Math.round(windowSeconds * sampleRate)
  const steps = Math.ceil(samples / samplesPerStep)
  return tokens === 'window'
    ? { samplesPerStep: samples, tokensPerStep: steps, window: { samples, steps: 1 } }
    : { samplesPerStep, tokensPerStep: 1, window: { samples, steps } }
}

/**
 * The log-mel spectrogram of a whole window: log₁₀ of the energies, no lower than 8 below the highest of the window,
 * (x + 4)/4. That highest makes a sound's features depend on the window that it lies in.
 * Source: `WhisperFeatureExtractor` in transformers/models/whisper/feature_extraction_whisper.py.
 * @returns [batch, frames, melBins]
 */
export function whisperFeatures(waveform: Tensor, config: WhisperConfig): Tensor {
  const { sampleRate, hopSize, melBins, windowSeconds } = config
  const window = fillWithSilence(waveform, Math.round(windowSeconds * sampleRate))
  const power = centredPowerSpectrum(window, FFT_SIZE, hopSize)
  // The frame that is centred on the window's end is left out.
  const frames = slice(power, 1, 0, fixed(power.shape[1]) - 1)
  const filters = melBank(waveform.graph, {
    ...{ sampleRate, fftSize: FFT_SIZE, melBins, scale: 'slaney' },
    ...{ lowestFrequency: 0, highestFrequency: sampleRate / 2 },
  })
  const energies = mul(log(clampMin(matmul(frames, filters), 1e-10)), 1 / Math.LN10)
  const lowest = add(max(energies, [1, 2]), -8)
  const above = clampMin(sub(energies, lowest), 0)
  return mul(add(add(above, lowest), 4), 1 / 4)
}

const FFT_SIZE = 400
/** Frames of a token: the stride of the second convolution. */
const POOLING = 2
const EPSILON = 1e-5

/** Features [batch, frames, melBins] → all tokens of the window [batch, frames/2, hiddenSize]. */
export function whisperTokens(scope: Scope, config: WhisperConfig, features: Tensor): Tensor {
  const { hiddenSize, layers } = config
  const seen = gelu(convolution(scope.in('conv1'), features, hiddenSize, 1))
  const pooled = gelu(convolution(scope.in('conv2'), seen, hiddenSize, POOLING))
  const steps = fixed(pooled.shape[1])
  const table = [config.positions ?? steps, hiddenSize]
  const positions = scope.in('embed_positions').parameter('weight', table, { normal: 0.02 })
  let states = add(pooled, steps === table[0] ? positions : slice(positions, 0, 0, steps))
  for (let layer = 0; layer < layers; layer++)
    states = encoderLayer(scope.in(`layers.${layer}`), config, states)
  return layerNorm(scope.in('layer_norm'), states, EPSILON)
}

function encoderLayer(
  scope: Scope,
  { hiddenSize, heads, feedForwardSize }: WhisperConfig,
  x: Tensor,
): Tensor {
  const at = scope.in('self_attn')
  return preNormLayer(x, {
    attentionNorm: (states) => layerNorm(scope.in('self_attn_layer_norm'), states, EPSILON),
    attention: (states) => {
      const queries = linear(at.in('q_proj'), states, hiddenSize)
      const keys = linear(at.in('k_proj'), states, hiddenSize, { bias: false })
      const values = linear(at.in('v_proj'), states, hiddenSize)
      return linear(at.in('out_proj'), selfAttention([queries, keys, values], heads), hiddenSize)
    },
    feedForwardNorm: (states) => layerNorm(scope.in('final_layer_norm'), states, EPSILON),
    feedForward: (states) =>
      linear(scope.in('fc2'), gelu(linear(scope.in('fc1'), states, feedForwardSize)), hiddenSize),
  })
}

/** A convolution over time of three frames, padded by one: [batch, time, in] → [batch, time/stride, out]. */
function convolution(scope: Scope, x: Tensor, channels: number, stride: number): Tensor {
  const inputs = fixed(x.shape[2])
  const neighbours = unfold(padAxis(x, 1, 1, stride === 1 ? 1 : 0), 3, stride)
  const weight = scope.parameter('weight', [channels, inputs, 3], { normal: 1 / Math.sqrt(3 * inputs) })
  const matrix = reshape(transpose(weight, [0, 2, 1]), [channels, 3 * inputs])
  return add(matmul(neighbours, matrix, { transposeB: true }), scope.parameter('bias', [channels], 'zeros'))
}

/**
 * The same weights with a shorter window.
 * @throws PalError for a window longer than the weights know positions for
 */
export function withWindow(config: WhisperConfig, windowSeconds: number): WhisperConfig {
  const positions = config.positions ?? tokensOf(config.windowSeconds)
  const steps = tokensOf(windowSeconds)
  if (Number.isInteger(steps) && steps > 0 && steps <= positions)
    return { ...config, windowSeconds, positions }
  throw new PalError(
    `expected a window of at most ${positions / tokensOf(1)} s, in whole steps of ${1 / tokensOf(1)} s, got ${windowSeconds} s`,
    { key: 'windowSeconds' },
  )

  function tokensOf(seconds: number): number {
    return (seconds * config.sampleRate) / (config.hopSize * POOLING)
  }
}
