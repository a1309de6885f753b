import { add, gelu } from '../graph/elementwise.js'
import { broadcastTo, concat, reshape, transpose } from '../graph/shape.js'
import { fixed, type Graph, type Tensor } from '../graph/tensor.js'
import { attention, splitHeads } from '../nn/attention.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import { unfold } from '../nn/unfold.js'
import { convolutionStem } from './convolution-stem.js'
import { type EncoderInputs, expectLengths, hide } from './encoder-inputs.js'
import { type LogMelConfig, logMel, silentFeature } from './log-mel.js'
import { meanNormalized } from './mean-normalization.js'

/**
 * A transformer over patches of a log-mel spectrogram, in the form of AST (Gong et al. 2021) and SSLAM/EAT:
 * patches are flattened time-major (token = timeStep·bands + band), with fixed two-dimensional sine positions.
 */
export interface PatchTransformerConfig extends LogMelConfig {
  readonly kind: 'patch-transformer'
  /** Frames of a patch, and from one patch to the next; patches may overlap in time. */
  readonly patchFrames: number
  readonly strideFrames: number
  /** Mel bins of a patch; patches do not overlap in frequency. */
  readonly patchBins: number
  /** Shows the spectrogram a second time, less its mean over so many seconds: see `meanNormalized`. @default not */
  readonly meanNormalizationSeconds?: number
  /** Channels of the convolutions that the patches are cut from, each halving both axes. @default none */
  readonly stem?: readonly number[]
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly feedForwardSize: number
  /** Longer audio is encoded in windows of this many seconds, whose tokens are joined. */
  readonly windowSeconds: number
}

/**
 * @param inputs with a waveform of a whole number of patch steps; the lengths are needed for mean normalization
 * @returns [batch, tokens, hiddenSize]
 */
export function patchTransformer(
  scope: Scope,
  config: PatchTransformerConfig,
  inputs: EncoderInputs,
): Tensor {
  const channels = spectrograms(config, inputs).map((channel) => hide(channel, inputs))
  const features = concat(
    channels.map((channel) => reshape(channel, [...channel.shape, 1])),
    3,
  )
  const { stem = [] } = config
  const patches = cutPatches(convolutionStem(scope.in('stem'), features, stem), config)
  const embedded = linear(scope.in('patch'), patches, config.hiddenSize)
  let states = add(
    embedded,
    sinePositions(scope.graph, fixed(patches.shape[1]), bandsOf(config), config.hiddenSize),
  )
  for (let layer = 0; layer < config.layers; layer++) {
    states = encoderLayer(scope.in(`layers.${layer}`), config, states, inputs.mask)
  }
  return layerNorm(scope.in('norm'), states, EPSILON)
}

const EPSILON = 1e-6

/** What the patches are cut from, each [batch, frames, melBins]. */
function spectrograms(config: PatchTransformerConfig, inputs: EncoderInputs): readonly Tensor[] {
  const spectrogram = followedBySilence(logMel(inputs.waveform, config), config)
  const { kind, meanNormalizationSeconds: seconds } = config
  if (seconds === undefined) return [spectrogram]
  return [spectrogram, meanNormalized(spectrogram, expectLengths(kind, inputs), config, seconds)]
}

/** A pre-norm transformer layer: x + attention(norm(x)), then x + ffn(norm(x)). */
function encoderLayer(
  scope: Scope,
  config: PatchTransformerConfig,
  x: Tensor,
  mask: Tensor | undefined,
): Tensor {
  const { hiddenSize, heads, feedForwardSize, layers } = config
  const toResidual = { initial: { normal: 1 / Math.sqrt(2 * layers * hiddenSize) } }
  const normed = layerNorm(scope.in('attention_norm'), x, EPSILON)
  const [queries, keys, values] = (['query', 'key', 'value'] as const).map((name) =>
    splitHeads(linear(scope.in(`attention.${name}`), normed, hiddenSize), heads),
  ) as [Tensor, Tensor, Tensor]
  const mixed = attention(queries, [{ keys, values, mask }])
  const attended = add(x, linear(scope.in('attention.output'), mixed, hiddenSize, toResidual))
  const widened = gelu(
    linear(scope.in('ffn.up'), layerNorm(scope.in('ffn_norm'), attended, EPSILON), feedForwardSize),
  )
  return add(attended, linear(scope.in('ffn.down'), widened, hiddenSize, toResidual))
}

/** Samples from one time step of patches to the next, and the tokens of one time step. */
export function patchGrid(config: PatchTransformerConfig): { samplesPerStep: number; tokensPerStep: number } {
  return { samplesPerStep: config.strideFrames * config.hopSize, tokensPerStep: bandsOf(config) }
}

function bandsOf({ melBins, patchBins }: PatchTransformerConfig): number {
  return melBins / patchBins
}

/** [batch, frames, bins, channels] → [batch, steps·bands, frames·bins·channels of a patch]. */
function cutPatches(features: Tensor, config: PatchTransformerConfig): Tensor {
  const [batch, time, bins, channels] = features.shape.map(fixed) as [number, number, number, number]
  const bands = bandsOf(config)
  const halved = 2 ** (config.stem ?? []).length
  const [frames, stride] = [config.patchFrames / halved, config.strideFrames / halved]
  const steps = unfold(reshape(features, [batch, time, bins * channels]), frames, stride)
  const count = fixed(steps.shape[1])
  const width = (bins / bands) * channels
  const cut = transpose(reshape(steps, [batch * count, frames, bands, width]), [0, 2, 1, 3])
  return reshape(cut, [batch, count * bands, frames * width])
}

/** The last patches reach behind the end, and see there what audio that is padded with silence shows them. */
function followedBySilence(spectrogram: Tensor, config: PatchTransformerConfig): Tensor {
  const overhang = config.patchFrames - config.strideFrames
  if (overhang === 0) return spectrogram
  const silence = spectrogram.graph.constant(new Float32Array([silentFeature(config)]), [1, 1, 1])
  const shape = [fixed(spectrogram.shape[0]), overhang, config.melBins]
  return concat([spectrogram, broadcastTo(silence, shape)], 1)
}

/** Fixed sine positions: the first half of the width tells the band, the second half the time step. */
export function sinePositions(graph: Graph, tokens: number, bands: number, hiddenSize: number): Tensor {
  const half = hiddenSize / 2
  const table = new Float32Array(tokens * hiddenSize)
  for (let token = 0; token < tokens; token++) {
    table.set(sines(token % bands, half), token * hiddenSize)
    table.set(sines(Math.floor(token / bands), half), token * hiddenSize + half)
  }
  return graph.constant(table, [tokens, hiddenSize])
}

function sines(position: number, width: number): Float32Array {
  return Float32Array.from({ length: width }, (_, i) => {
    const angle = position / 10000 ** ((i % (width / 2)) / (width / 2))
    return i < width / 2 ? Math.sin(angle) : Math.cos(angle)
  })
}
