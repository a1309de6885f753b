import { CLOCK_FEATURES } from '../../connectors/clock.js'
import { concat, padAxis } from '../../graph/shape.js'
import { fixed, type Tensor } from '../../graph/tensor.js'
import type { AudioTokens } from '../../integration/integration.js'
import type { KeyValues } from '../../nn/attention.js'
import { cachedHeadSize } from '../../nn/cached-attention.js'
import type { Network } from './network.js'

/** What an integration makes of audio tokens, each part only where there is one. */
export interface IntegrateGraph {
  /** What enters the first layer: [1, tokens, hiddenSize]. */
  readonly sequence: Tensor | undefined
  /** For each layer, the audio's keys and values [1, keyValueHeads, 1, tokens, `cachedHeadSize`]. */
  readonly memory: readonly (KeyValues | undefined)[]
  /** For each layer, what its gated block attends to (Flamingo only). */
  readonly cross: readonly (KeyValues | undefined)[]
}

/**
 * An integration over tokens of any number, as a part of the network's graph. Inputs, for each encoder:
 * `NAME.tokens` [1, n, hiddenSize], where they stand: `NAME.positions` [1, n], rows of `NAME.cosine` and
 * `NAME.sine` [n, headSize/2], and, for a connector with a clock, when they were heard: `NAME.clock` [1, n, `CLOCK_FEATURES`].
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
  return {
    sequence:
      sequence.length > 0
        ? concat(
            sequence.map(({ tokens }) => tokens),
            1,
          )
        : undefined,
    memory: memory.map((parts) =>
      parts.length === 0
        ? undefined
        : {
            keys: asRows(parts.map(({ keys }) => keys)),
            values: asRows(parts.map(({ values }) => values)),
          },
    ),
    cross,
  }
}

/** Of all encoders, [1, keyValueHeads, 1, length, headSize] each, side by side and with as much room for a head as in a cache. */
function asRows(parts: readonly Tensor[]): Tensor {
  const rows = concat(parts, 3)
  const headSize = fixed(rows.shape[4])
  return padAxis(rows, 4, 0, cachedHeadSize(headSize) - headSize)
}
