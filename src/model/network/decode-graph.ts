import { concat, tail } from '../../graph/shape.js'
import type { Tensor } from '../../graph/tensor.js'
import { hasBlock } from '../../integration/flamingo.js'
import type { LayerCache } from '../../llm/decoder.js'
import { cacheInput, cacheOutput } from '../../llm/kv-cache.js'
import type { KeyValues } from '../../nn/attention.js'
import { cachedHeadSize } from '../../nn/cached-attention.js'
import { layerGroups } from './layer-groups.js'
import type { Network } from './network.js'

export interface DecodeGraph {
  /**
   * `logits`, the scores of the token that follows, [batch, 1, vocabularySize]; and for each layer the cache with the rows of the
   * tokens that were read, [batch, keyValueHeads, capacity, `cachedHeadSize`], under the names of `cacheOutput`.
   */
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Over which input each output of the cache is written. */
  readonly inPlace: Readonly<Record<string, string>>
}

/**
 * The language model as it reads on from a cache, for any number of tokens and of cached rows: one graph for
 * audio tokens, prompts, their chunks and single tokens, of one sequence, or of several that read one token each.
 *
 * Inputs: `audio` [batch, audio, hiddenSize] and `ids` [batch, text], read in this order, either may be none;
 * `positions` [batch, length], rows of `cosine` and `sine` [rows, headSize/2]; and the cache, under the names of `cacheInput`.
 */
export function decodeGraph(network: Network): DecodeGraph {
  const { graph } = network.scope
  const { integration, llm } = network.config
  const audio = graph.input('audio', ['batch', 'audio', llm.hiddenSize])
  const text = network.decoder.embed(graph.input('ids', ['batch', 'text'], 'int64'))
  const states = concat([audio, text], 1)
  const length = states.shape[1]!

  const groups = layerGroups(network.config)
  const counts = new Map(
    [...new Set(groups)].map((group) => [
      group,
      {
        lastRow: graph.input(cacheInput.lastRow(group), ['batch'], 'int32'),
        totalRows: graph.input(cacheInput.totalRows(group), [], 'int32'),
      },
    ]),
  )
  const cache = groups.map((group, layer): LayerCache => {
    const shape = ['batch', llm.keyValueHeads, `capacity_${group}`, cachedHeadSize(llm.headSize)]
    return {
      pastKeys: graph.input(cacheInput.keys(layer), shape),
      pastValues: graph.input(cacheInput.values(layer), shape),
      ...counts.get(group)!,
    }
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

  const { states: read, present } = network.decode(
    states,
    { memory: [], cross },
    {
      positions: {
        indices: graph.input('positions', ['batch', length], 'int64'),
        cosine: graph.input('cosine', ['rows', llm.headSize / 2]),
        sine: graph.input('sine', ['rows', llm.headSize / 2]),
      },
      cache,
      read: (all, axis) => tail(all, axis, 1),
    },
  )
  const parts = ['keys', 'values'] as const
  const each = present.flatMap((both, layer) => parts.map((part) => ({ tensor: both[part], part, layer })))
  return {
    outputs: {
      logits: network.decoder.logits(read),
      ...Object.fromEntries(each.map(({ tensor, part, layer }) => [cacheOutput[part](layer), tensor])),
    },
    inPlace: Object.fromEntries(
      each.map(({ part, layer }) => [cacheOutput[part](layer), cacheInput[part](layer)]),
    ),
  }
}
