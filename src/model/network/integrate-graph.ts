import { CLOCK_FEATURES } from '../../connectors/clock.js'
import { concat, padAxis, reshape } from '../../graph/shape.js'
import type { Tensor } from '../../graph/tensor.js'
import type { AudioTokens } from '../../integration/integration.js'
import type { LlamaConfig } from '../../llm/config.js'
import type { KeyValues } from '../../nn/attention.js'
import { cachedHeadSize } from '../../nn/cached-attention.js'
import type { Network } from './network.js'

/** What an integration makes of audio tokens, each part only where there is one. */
export interface IntegrateGraph {
  /** What enters the first layer: [1, tokens, hiddenSize]. */
  readonly sequence: Tensor | undefined
  /** For each layer, the audio's keys and values as a cache holds them: [1, keyValueHeads, tokens + room, `cachedHeadSize`]. */
  readonly memory: readonly (KeyValues | undefined)[]
  /** For each layer, what its gated block attends to (Flamingo only). */
  readonly cross: readonly (KeyValues | undefined)[]
}

/**
 * An integration over tokens of any number, as a part of the network's graph. Inputs, for each encoder:
 * `NAME.tokens` [1, n, hiddenSize], where they stand: `NAME.positions` [1, n], rows of `NAME.cosine` and
 * `NAME.sine` [n, headSize/2], and, for a connector with a clock, when they were heard: `NAME.clock` [1, n, `CLOCK_FEATURES`].
 * And if there is a memory, `room` [1, keyValueHeads, rows, headSize]: what stands where the text's rows will be.
 */
export function integrateGraph(network: Network): IntegrateGraph {
  const { graph } = network.scope
  const { encoders, llm } = network.config
  const audio = encoders.map((named): AudioTokens => {
    const { name } = named
    const length = `${name}_tokens`
    const tokens = graph.input(`${name}.tokens`, [1, length, llm.hiddenSize])
    return {
      name,
      tokens: network.timed(named, tokens, () => graph.input(`${name}.clock`, [1, length, CLOCK_FEATURES])),
      mask: undefined,
      positions: {
        indices: graph.input(`${name}.positions`, [1, length], 'int64'),
        cosine: graph.input(`${name}.cosine`, [length, llm.headSize / 2]),
        sine: graph.input(`${name}.sine`, [length, llm.headSize / 2]),
      },
    }
  })
  const { sequence, memory, cross } = network.integrate(audio)
  // Where nothing is remembered, no output needs it.
  const room = graph.input('room', [1, llm.keyValueHeads, 'room', llm.headSize])
  const rows = (parts: readonly KeyValues[], which: 'keys' | 'values') =>
    asRows(
      parts.map((part) => part[which]),
      room,
      llm,
    )
  return {
    sequence:
      sequence.length > 0
        ? concat(
            sequence.map(({ tokens }) => tokens),
            1,
          )
        : undefined,
    memory: memory.map((parts) =>
      parts.length > 0 ? { keys: rows(parts, 'keys'), values: rows(parts, 'values') } : undefined,
    ),
    cross,
  }
}

/** Of all encoders, [1, keyValueHeads, 1, length, headSize] each, one behind the other, and then room. */
function asRows(parts: readonly Tensor[], room: Tensor, { keyValueHeads, headSize }: LlamaConfig): Tensor {
  const byHead = parts.map((part) => reshape(part, [1, keyValueHeads, part.shape[3]!, headSize]))
  return padAxis(concat([...byHead, room], 2), 3, 0, cachedHeadSize(headSize) - headSize)
}
