import { concat } from '../../graph/shape.js'
import type { Tensor } from '../../graph/tensor.js'
import { hasBlock } from '../../integration/flamingo.js'
import { cacheInput } from '../../llm/kv-cache.js'
import type { KeyValues } from '../../nn/attention.js'
import { layerGroups } from './layer-groups.js'
import type { Network } from './network.js'

export interface DecodeGraph {
  /** The scores of the token that follows: [batch, 1, vocabularySize]. */
  readonly logits: Tensor
  /**
   * What the tokens that were read leave in the cache, for each layer that of all sequences: [layers·batch,
   * keyValueHeads, 1, length, headSize].
   */
  readonly keys: Tensor
  readonly values: Tensor
}

/**
 * The language model as it reads on from a cache, for any number of tokens and of cached rows: one graph for
 * audio tokens, prompts, their chunks and single tokens, of one sequence or of several at once.
 *
 * Inputs: `audio` [batch, audio, hiddenSize] and `ids` [batch, text], read in this order, either may be none;
 * `positions` [batch, length], rows of `cosine` and `sine` [rows, headSize/2]; `mask` [1, 1, 1, length, length]; and
 * the cache, under the names of kv-cache.ts.
 */
export function decodeGraph(network: Network): DecodeGraph {
  const { graph } = network.scope
  const { integration, llm } = network.config
  const audio = graph.input('audio', ['batch', 'audio', llm.hiddenSize])
  const text = network.decoder.embed(graph.input('ids', ['batch', 'text'], 'int64'))
  const states = concat([audio, text], 1)
  const length = states.shape[1]!

  const groups = layerGroups(network.config)
  const masks = new Map(
    [...new Set(groups)].map((group) => [
      group,
      graph.input(cacheInput.mask(group), ['batch', 1, 1, 1, `cache_${group}`]),
    ]),
  )
  const memory = groups.map((group, layer): KeyValues[] => {
    const shape = ['batch', llm.keyValueHeads, 1, `cache_${group}`, llm.headSize]
    return [
      {
        keys: graph.input(cacheInput.keys(layer), shape),
        values: graph.input(cacheInput.values(layer), shape),
        mask: masks.get(group),
      },
    ]
  })
  const cross = Array.from({ length: llm.layers }, (_, layer): KeyValues | undefined => {
    if (integration.kind !== 'flamingo' || !hasBlock(integration, layer)) return undefined
    const shape = ['batch', llm.heads, 1, 'cross', llm.hiddenSize / llm.heads]
    return {
      keys: graph.input(cacheInput.crossKeys(layer), shape),
      values: graph.input(cacheInput.crossValues(layer), shape),
      mask: graph.input(cacheInput.crossMask(layer), ['batch', 1, 1, 1, 'cross']),
    }
  })

  const decoded = network.decode(
    states,
    { memory, cross },
    {
      positions: {
        indices: graph.input('positions', ['batch', length], 'int64'),
        cosine: graph.input('cosine', ['rows', llm.headSize / 2]),
        sine: graph.input('sine', ['rows', llm.headSize / 2]),
      },
      mask: graph.input('mask', [1, 1, 1, length, length]),
      read: 1,
    },
  )
  return {
    logits: network.decoder.logits(decoded.states),
    keys: concat(
      decoded.keyValues.map(({ keys }) => keys),
      0,
    ),
    values: concat(
      decoded.keyValues.map(({ values }) => values),
      0,
    ),
  }
}
