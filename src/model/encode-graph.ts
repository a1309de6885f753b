import type { Tensor } from '../graph/tensor.js'
import type { NamedEncoder } from './config.js'
import type { Network } from './network.js'
import { tokenCount } from './token-count.js'

/**
 * One encoder and its connector over one stretch of sound, as a part of the network's graph. Inputs:
 * `NAME.waveform` [1, samples], `NAME.mask` [1, 1, 1, 1, encoder tokens], which hides what is padding, and, where the
 * encoder asks for it, `NAME.lengths` [1, 1], the samples of the audio itself.
 *
 * @param samples a length that `tokenCount` gives
 * @returns [1, tokens, hiddenSize]
 */
export function encodeGraph(network: Network, named: NamedEncoder, samples: number): Tensor {
  const { waveform, mask, lengths } = encoderInputs(network, named, samples)
  return network.hear(named, waveform, mask, undefined, lengths)
}

/**
 * The encoder alone, with the inputs of `encodeGraph`.
 * @returns [1, encoder tokens, the encoder's hiddenSize]
 */
export function encoderGraph(network: Network, named: NamedEncoder, samples: number): Tensor {
  const { waveform, mask, lengths } = encoderInputs(network, named, samples)
  return network.encode(named, waveform, mask, undefined, lengths)
}

function encoderInputs({ scope: { graph } }: Network, named: NamedEncoder, samples: number) {
  const padded = tokenCount(named, samples)
  return {
    waveform: graph.input(`${named.name}.waveform`, [1, padded.samples]),
    mask: graph.input(`${named.name}.mask`, [1, 1, 1, 1, padded.encoder]),
    lengths: graph.input(`${named.name}.lengths`, [1, 1]),
  }
}
