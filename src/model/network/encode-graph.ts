import type { EncoderInputs } from '../../encoders/encoder-inputs.js'
import type { Tensor } from '../../graph/tensor.js'
import { MASKED } from '../../nn/attention.js'
import type { NamedEncoder } from '../config/config.js'
import type { Network } from './network.js'
import { paddedSamples } from './padded-samples.js'
import { type TokenCount, tokenCount } from './token-count.js'

/**
 * One encoder and its connector over one stretch of sound, as a part of the network's graph. Inputs:
 * `NAME.waveform` [1, samples], `NAME.mask` [1, 1, 1, 1, encoder tokens], which hides what is padding, and, where the
 * encoder asks for it, `NAME.lengths` [1, 1], the samples of the audio itself.
 *
 * @param samples a length that `tokenCount` gives
 * @returns [1, tokens, hiddenSize]
 */
export function encodeGraph(network: Network, named: NamedEncoder, samples: number): Tensor {
  return network.hear(named, encoderInputs(network, named, samples))
}

/**
 * The encoder alone, with the inputs of `encodeGraph`.
 * @returns [1, encoder tokens, the encoder's hiddenSize]
 */
export function encoderGraph(network: Network, named: NamedEncoder, samples: number): Tensor {
  return network.encode(named, encoderInputs(network, named, samples))
}

/** How long a stretch of sound is: as its graph takes it, padded with silence, and without the padding. */
export function stretchOf(named: NamedEncoder, samples: number): { padded: TokenCount; own: TokenCount } {
  return { padded: tokenCount(named, paddedSamples(named, samples)), own: tokenCount(named, samples) }
}

/** What those inputs are fed for a stretch of sound. */
export function encoderFeeds(named: NamedEncoder, samples: Float32Array): Record<string, Float32Array> {
  const { padded, own } = stretchOf(named, samples.length)
  const waveform = new Float32Array(padded.samples)
  waveform.set(samples)
  const names = inputNames(named)
  return {
    [names.waveform]: waveform,
    [names.mask]: new Float32Array(padded.encoder).fill(MASKED, own.encoder),
    [names.lengths]: Float32Array.of(samples.length),
  }
}

function encoderInputs({ scope: { graph } }: Network, named: NamedEncoder, samples: number): EncoderInputs {
  const padded = tokenCount(named, samples)
  const names = inputNames(named)
  return {
    waveform: graph.input(names.waveform, [1, padded.samples]),
    mask: graph.input(names.mask, [1, 1, 1, 1, padded.encoder]),
    lengths: graph.input(names.lengths, [1, 1]),
  }
}

function inputNames({ name }: NamedEncoder) {
  return { waveform: `${name}.waveform`, mask: `${name}.mask`, lengths: `${name}.lengths` }
}
