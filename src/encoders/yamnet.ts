import { convolve } from '../graph/convolution.js'
import { add, clampMin, log, mul, sigmoid } from '../graph/elementwise.js'
import { mean } from '../graph/reduce.js'
import { padAxis, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import type { Scope } from '../nn/scope.js'
import { unfold } from '../nn/unfold.js'
import { foldedBatchNorm } from './batch-norm.js'
import { type EncoderInputs, hide } from './encoder-inputs.js'
import type { TokenGrid } from './fixed-window.js'
import { type MelConfig, melEnergies } from './mel-energies.js'

/**
 * YAMNet (Plakal & Ellis 2020): MobileNet's depthwise separable convolutions (Howard et al. 2017) over a log-mel spectrogram,
 * trained to name the 521 sounds of AudioSet in clips of YouTube. It hears about 3 s at a time.
 */
export interface YamnetConfig extends MelConfig {
  readonly kind: 'yamnet'
  /** Of each of the 14 layers. */
  readonly channels: readonly number[]
  /**
   * What its classifier tells apart. With them, tokens are its scores, what it takes the sound for, instead of the states
   * that it tells them from.
   */
  readonly labels?: readonly string[]
  /** Width of the tokens: the last layer's channels, or the number of labels. */
  readonly hiddenSize: number
  /** Longer audio is encoded in windows of this many seconds, whose tokens are joined. */
  readonly windowSeconds: number
}

/** Of each layer, on both axes. */
const STRIDES = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1] as const

/** How much shorter both axes are behind the last layer. */
export const YAMNET_SHRINKS = STRIDES.reduce((product: number, stride) => product * stride, 1)

/**
 * Source: yamnet.py of tensorflow/models, whose names the weights keep, before it takes the mean over time and names what
 * it heard. It hears 0.96 s and nothing else at a time; here its convolutions go over all of an audio, which is followed by
 * silence, as in a batch: its tokens are the same beside longer ones.
 * @param inputs with a waveform of a whole number of steps
 * @returns [batch, tokens, hiddenSize]
 */
export function yamnet(scope: Scope, config: YamnetConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const { samplesPerStep } = yamnetGrid(config)
  const steps = fixed(waveform.shape[1]) / samplesPerStep
  const followed = padAxis(waveform, 1, 0, STEPS_AHEAD * samplesPerStep)
  const features = hide(yamnetFeatures(followed, config), inputs, Math.log(OFFSET))
  const states = slice(yamnetTokens(scope, config, features), 1, 0, steps)
  const { labels } = config
  return labels ? sigmoid(linear(scope.in('classifier'), states, labels.length)) : states
}

/** Steps behind a token that its convolutions see, rounded up: 157 frames, of 32 to a step. */
const STEPS_AHEAD = 5

/**
 * The network, with zeros around what it is given.
 * @param features [batch, frames, melBins], both a multiple of 32
 * @returns [batch, frames/32, hiddenSize]
 */
export function yamnetTokens(scope: Scope, { channels }: YamnetConfig, features: Tensor): Tensor {
  const [batch, frames, bins] = features.shape.map(fixed) as [number, number, number]
  let states = reshape(features, [batch, 1, frames, bins])
  for (const [i, stride] of STRIDES.entries()) {
    const at = scope.in(`layer${i + 1}`)
    const count = channels[i] as number
    if (i === 0) {
      states = layer(at.in('conv'), states, count, { stride })
    } else {
      const before = channels[i - 1] as number
      states = layer(at.in('depthwise_conv'), states, before, { stride, groups: before })
      states = layer(at.in('pointwise_conv'), states, count, { side: 1 })
    }
  }
  const overFrequency = reshape(mean(states, [3]), [
    batch,
    channels.at(-1) as number,
    frames / YAMNET_SHRINKS,
  ])
  return transpose(overFrequency, [0, 2, 1])
}

/** A convolution by a square, batch normalisation and a ReLU. */
function layer(
  at: Scope,
  x: Tensor,
  count: number,
  { side = 3, stride = 1, groups = 1 }: { side?: 1 | 3; stride?: 1 | 2; groups?: number },
): Tensor {
  const before = fixed(x.shape[1]) / groups
  const initial = { normal: Math.sqrt(2 / (side ** 2 * before)) }
  const weight = at.parameter('weight', [count, before, side, side], initial)
  const { gain, shift } = foldedBatchNorm(at.in('bn'), count, { epsilon: 1e-4, scaled: false })
  const scaled = mul(weight, reshape(gain, [count, 1, 1, 1]))
  return clampMin(convolve(x, scaled, { padding: same(side, stride), stride, groups, bias: shift }), 0)
}

/** TensorFlow's `same` padding of an axis that is a multiple of the stride: what is odd is added behind. */
function same(side: number, stride: number): readonly [before: number, behind: number] {
  const total = Math.max(0, side - stride)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/**
 * The logarithms of mel bands' magnitudes. Frame i covers samples i·hop … i·hop + window; what lies behind the end
 * counts as silence.
 * Source: features.py of tensorflow/models.
 * @param waveform [batch, samples], a whole number of hops
 * @returns [batch, samples/hop, melBins]
 */
export function yamnetFeatures(waveform: Tensor, config: YamnetConfig): Tensor {
  const { windowSize, hopSize } = config
  const [batch, samples] = waveform.shape.map(fixed) as [number, number]
  const padded = padAxis(waveform, 1, 0, windowSize - hopSize)
  const frames = unfold(reshape(padded, [batch, samples + windowSize - hopSize, 1]), windowSize, hopSize)
  return log(add(melEnergies(frames, config, { periodic: true, power: 1 }), OFFSET))
}

/** Added to the magnitude of a band. */
const OFFSET = 0.001

export function yamnetGrid({ hopSize }: Pick<YamnetConfig, 'hopSize'>): TokenGrid {
  return { samplesPerStep: hopSize * YAMNET_SHRINKS, tokensPerStep: 1 }
}
