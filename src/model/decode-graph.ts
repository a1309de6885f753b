import { concat, last } from '../graph/shape.js'
import type { Tensor } from '../graph/tensor.js'
import { hasBlock } from '../integration/flamingo.js'
import { cacheInput } from '../llm/kv-cache.js'
import type { KeyValues } from '../nn/attention.js'
import type { Network } from './network.js'

export interface DecodeGraph {
  /** The scores of the token that follows: [1, 1, vocabularySize]. */
  readonly logits: Tensor
  /** For each layer, the keys and values of the tokens that were read: [1, keyValueHeads, length, headSize]. */
  readonly keyValues: readonly KeyValues[]
}

/**
 * The language model as it reads on from a cache, for any number of tokens and of cached rows: one graph for
 * audio tokens, prompts, their chunks and single tokens.
 *
 * Inputs: `audio` [1, audio, hiddenSize] and `ids` [1, text], read in this order, either may be none; `positions`
 * [1, length], rows of `cosine` and `sine` [length, headSize/2]; `mask` [1, 1, 1, length, length]; and the cache,
 * under the names of kv-cache.ts.
 */
export function decodeGraph(network: Network): DecodeGraph {
  const { graph } = network.scope
  const { integration, llm } = network.config
  const audio = graph.input('audio', [1, 'audio', llm.hiddenSize])
  const text = network.decoder.embed(graph.input('ids', [1, 'text'], 'int64'))
  const states = concat([audio, text], 1)
  const length = states.shape[1]!

  const memory = Array.from({ length: llm.layers }, (_, layer): KeyValues[] => {
    const shape = [1, llm.keyValueHeads, `cache_${layer}`, llm.headSize]
    return [
      {
        keys: graph.input(cacheInput.keys(layer), shape),
        values: graph.input(cacheInput.values(layer), shape),
        mask: graph.input(cacheInput.mask(layer), [1, 1, 1, 1, `cache_${layer}`]),
      },
    ]
  })
  const cross = Array.from({ length: llm.layers }, (_, layer): KeyValues | undefined => {
    if (integration.kind !== 'flamingo' || !hasBlock(integration, layer)) return undefined
    const shape = [1, llm.heads, 'cross', llm.hiddenSize / llm.heads]
    return {
      keys: graph.input(cacheInput.crossKeys(layer), shape),
      values: graph.input(cacheInput.crossValues(layer), shape),
    }
  })

  const decoded = network.decode(
    states,
    { memory, cross },
    {
      positions: {
        indices: graph.input('positions', [1, length], 'int64'),
        cosine: graph.input('cosine', [length, llm.headSize / 2]),
        sine: graph.input('sine', [length, llm.headSize / 2]),
      },
      mask: graph.input('mask', [1, 1, 1, length, length]),
    },
  )
  return { logits: network.decoder.logits(last(decoded.states, 1)), keyValues: decoded.keyValues }
}
