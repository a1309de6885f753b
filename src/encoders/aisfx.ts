import { convolve, maxPool } from '../graph/convolution.js'
import { add, clampMin, log, mul } from '../graph/elementwise.js'
import { mean } from '../graph/reduce.js'
import { padAxis, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'
import { unfold } from '../nn/unfold.js'
import { foldedBatchNorm } from './batch-norm.js'
import { type EncoderInputs, hide } from './encoder-inputs.js'
import type { TokenGrid } from './fixed-window.js'
import { type MelConfig, melEnergies } from './mel-energies.js'

/**
 * aiSFX (Ma & Lerch 2022, "Representation Learning for the Automatic Indexing of Sound Effects Libraries"): convolutions
 * over a log-mel spectrogram, in the form of the DCASE baseline of Kong et al. (2018), trained to name the sounds of
 * sound-effects libraries. It hears about 1.5 s at a time, so a sound is what it is whatever else a scene holds.
 */
export interface AisfxConfig extends MelConfig {
  readonly kind: 'aisfx'
  /** Features are log₁₀(1 + 10⁴·energy) divided by this, the largest that there was in training. */
  readonly largest: number
  /** Of each block of two convolutions; all blocks but the last halve both axes. */
  readonly channels: readonly number[]
  /** Width of the tokens: the last block's channels. */
  readonly hiddenSize: number
  /** Longer audio is encoded in windows of this many seconds, whose tokens are joined. */
  readonly windowSeconds: number
}

/**
 * Source: aisfx/models/cnn2d.py, `EmbeddingNet`, whose names the weights keep, before it takes the largest over time.
 * An audio is followed by silence, here as in a batch: its tokens are the same beside longer ones.
 * @param inputs with a waveform of a whole number of steps
 * @returns [batch, tokens, hiddenSize]
 */
export function aisfx(scope: Scope, config: AisfxConfig, inputs: EncoderInputs): Tensor {
  const { waveform } = inputs
  const { channels, hopSize } = config
  const { samplesPerStep } = aisfxGrid(config)
  const steps = fixed(waveform.shape[1]) / samplesPerStep
  const followed = padAxis(waveform, 1, 0, STEPS_AHEAD * samplesPerStep)
  const features = hide(aisfxFeatures(followed, config), inputs)
  const [batch, frames, bins] = features.shape.map(fixed) as [number, number, number]
  let states = reshape(features, [batch, 1, frames, bins])
  for (const [i, count] of channels.entries()) {
    const block = scope.in(`conv_block${i + 1}`)
    states = layer(block, 2, layer(block, 1, states, count), count)
    if (i < channels.length - 1) states = maxPool(states, 2)
  }
  const overFrequency = reshape(mean(states, [3]), [
    batch,
    config.hiddenSize,
    (frames * hopSize) / samplesPerStep,
  ])
  return slice(transpose(overFrequency, [0, 2, 1]), 1, 0, steps)
}

/** Steps behind a token that its convolutions see, rounded up: 2·(1 + 2 + 4 + …) frames, of 2ⁿ⁻¹ to a step for n blocks. */
const STEPS_AHEAD = 4

/** A 3 × 3 convolution, batch normalisation and a ReLU. */
function layer(block: Scope, number: 1 | 2, x: Tensor, count: number): Tensor {
  const before = fixed(x.shape[1])
  const initial = { normal: Math.sqrt(2 / (9 * before)) }
  const weight = block.in(`conv${number}`).parameter('weight', [count, before, 3, 3], initial)
  const { gain, shift } = foldedBatchNorm(block.in(`bn${number}`), count)
  const scaled = mul(weight, reshape(gain, [count, 1, 1, 1]))
  return clampMin(convolve(x, scaled, { padding: 1, bias: shift }), 0)
}

/**
 * Frames are centred on their samples, with silence before the start. What is heard at another rate than 44.1 kHz is
 * brought to the energy that it has there.
 * Source: aisfx/spectrogram/spectrogram_essentia.py and `spectrogram_normalize` in aisfx/preprocessing.py.
 * @returns [batch, samples/hop, melBins]
 */
export function aisfxFeatures(waveform: Tensor, config: AisfxConfig): Tensor {
  const { windowSize, hopSize } = config
  const [batch, samples] = waveform.shape.map(fixed) as [number, number]
  const before = Math.floor(windowSize / 2)
  const padded = padAxis(waveform, 1, before, windowSize - hopSize - before)
  const framed = reshape(padded, [batch, samples + windowSize - hopSize, 1])
  const energies = melEnergies(unfold(framed, windowSize, hopSize), config, { unitSum: true })
  const scaled = mul(energies, 1e4 * (RATE / config.sampleRate) ** 2)
  return mul(log(add(scaled, 1)), 1 / (Math.LN10 * config.largest))
}

/** Hz, of the published weights. */
const RATE = 44100

export function aisfxGrid({ hopSize, channels }: Pick<AisfxConfig, 'hopSize' | 'channels'>): TokenGrid {
  return { samplesPerStep: hopSize * 2 ** (channels.length - 1), tokensPerStep: 1 }
}
