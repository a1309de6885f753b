import type { Tensor } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import { isMatrix } from '../model/quantize-model.js'
import { causalBlocks } from '../nn/attention.js'
import {
  type BenchConfiguration,
  FEATURES,
  FLAMINGO_EVERY,
  integrationOf,
  SUMMARY_TOKENS,
} from './configuration.js'
import { mostBytesHeld, multiplyAdds } from './count.js'
import { firstScores, type TrainStepOptions, trainStepGraph } from './train-step.js'

/** What a configuration costs, known before it runs. */
export interface Cost {
  /** Multiply-adds of the forward pass (training), or of one answer's first scores: counted from the graph. */
  readonly forward: number
  /** The same by the closed formula of the integration. */
  readonly formula: number
  /** Of these, the connector's. */
  readonly connector: number
  /** Training: forward and backward, counted from the graph, what checkpointing computes again included. */
  readonly step?: number
  /** Training: bytes of values that have to be there at once, counted from the graph, beside weights and inputs. */
  readonly heldBytes?: number
  /** Bytes of the language model's weights that one token of an answer reads. */
  readonly weightBytes: number
  /** Bytes of the cache that each token of audio or text leaves. */
  readonly cacheBytesPerToken: number
}

export function costOf(configuration: BenchConfiguration, llm: LlamaConfig): Cost {
  const { task, integration, audioTokens, textTokens, checkpointing, bits } = configuration
  const options: TrainStepOptions = {
    ...{ llm, audioTokens, textTokens, featureSize: FEATURES, checkpointing },
    integration: integrationOf(integration),
    batch: task === 'train' ? configuration.batch : 1,
  }
  const graph = task === 'train' ? trainStepGraph(options) : undefined
  const result = graph?.loss ?? firstScores(options)
  const { hiddenSize: d } = llm
  return {
    forward: multiplyAdds([result]),
    formula: formulaOf(configuration, llm),
    connector: options.batch * audioTokens * (FEATURES * d + d * d),
    ...(graph && stepCost([graph.loss, ...graph.gradients])),
    weightBytes: weightBytes(result, bits),
    cacheBytesPerToken: llm.layers * 2 * llm.keyValueHeads * llm.headSize * 4,
  }
}

/**
 * The cost table of the integrations, as multiply-adds of matrix products: connector, text, audio and output head.
 * With d the width, q the width of all queries, k that of keys, f that of the FFN, L layers, N audio and T text tokens,
 * and S summary tokens. Of the scores that are masked, those are not counted which are not computed.
 */
export function formulaOf(
  { task, integration, audioTokens: N, textTokens: T, batch }: BenchConfiguration,
  llm: LlamaConfig,
): number {
  const { hiddenSize: d, layers: L, feedForwardSize: f, vocabularySize: V } = llm
  const q = llm.heads * llm.headSize
  const k = llm.keyValueHeads * llm.headSize
  const S = SUMMARY_TOKENS
  const attention = (queries: number, keys: number) => 2 * q * queries * keys
  const sequence = T + { plits: N, lal: 0, pal: S, flamingo: 0 }[integration]
  const memory = { plits: 0, lal: N, pal: N, flamingo: 0 }[integration]
  // Of the last layer, only the states that are read are made: the text's in training, of a prompt the last token's.
  const read = task === 'train' ? T : 1
  const layer = (queries: number) =>
    queries * (2 * d * q + 3 * d * f) +
    (sequence + memory) * 2 * d * k +
    attention(queries, memory) +
    causalBlocks(queries).reduce(
      (sum, { start, end }) => sum + attention(end - start, sequence - queries + end),
      0,
    )
  const own = {
    plits: 0,
    lal: 0,
    // The learned queries that make the summary: self-attention, cross-attention, FFN.
    pal: S * 4 * d * d + 2 * d * S * S + (2 * S + 2 * N) * d * d + 2 * d * S * N + S * 8 * d * d,
    flamingo: Math.ceil(L / FLAMINGO_EVERY) * (N * 2 * d * d + 2 * d * T * N + T * 10 * d * d),
  }[integration]
  const connector = N * (FEATURES * d + d * d)
  const decoder = (L - 1) * layer(sequence) + layer(read)
  return (task === 'train' ? batch : 1) * (connector + own + decoder + read * V * d)
}

function stepCost(outputs: readonly Tensor[]): Pick<Cost, 'step' | 'heldBytes'> {
  return { step: multiplyAdds(outputs), heldBytes: mostBytesHeld(outputs) }
}

/** Every matrix of the language model is read for every token; the embeddings as the output head. */
function weightBytes(result: Tensor, bits: number): number {
  let bytes = 0
  for (const { name, shape } of result.graph.parameters.values()) {
    if (!name.startsWith('llm.')) continue
    const count = shape.reduce<number>((size, dim) => size * Number(dim), 1)
    // A block of 32 has a scale of 4 bytes.
    bytes += isMatrix(name) && bits < 32 ? (count * bits) / 8 + (count / 32) * 4 : 4 * count
  }
  return bytes
}
