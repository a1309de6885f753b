import { readInBlocks } from '../graph/blocks.js'
import type { Tensor } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import { isMatrix, isRounded } from '../model/network/matrices.js'
import { causalBlocks } from '../nn/attention.js'
import { BLOCK_SIZE } from '../weights/blocks.js'
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
  /**
   * Training: bytes of values that have to be there at once, counted from the graph, beside weights as they are stored and inputs. What is
   * made float32 of weights in blocks is among them while it is there.
   */
  readonly heldBytes?: number
  /** Bytes of the weights that one token of an answer reads: counted from the graph. */
  readonly weightBytes: number
  /** The same by the closed formula. */
  readonly weightFormula: number
  /** Bytes of the cache that a token of text leaves. */
  readonly cacheBytesPerToken: number
  /** Bytes of the cache that the audio leaves. */
  readonly audioCacheBytes: number
}

export function costOf(configuration: BenchConfiguration, llm: LlamaConfig): Cost {
  const { task, integration, audioTokens, textTokens, checkpointing, bits } = configuration
  const training = task === 'train'
  const options: TrainStepOptions = {
    ...{ llm, audioTokens, textTokens, featureSize: FEATURES, checkpointing },
    integration: integrationOf(integration),
    batch: training ? configuration.batch : 1,
    questions: training ? configuration.questions : 1,
  }
  const graph = training ? trainStepGraph(options) : undefined
  const result = graph?.loss ?? firstScores(options)
  const { hiddenSize: d } = llm
  return {
    forward: multiplyAdds([result]),
    formula: formulaOf(configuration, llm),
    connector: options.batch * audioTokens * (FEATURES * d + d * d),
    ...(graph && stepCost([graph.loss, ...graph.gradients], bits)),
    weightBytes: weightBytes(result, bits),
    weightFormula: weightFormula(configuration, llm),
    cacheBytesPerToken: cacheBytesPerToken(llm),
    audioCacheBytes: audioCacheBytes(configuration, llm),
  }
}

/**
 * The cost table of the integrations, as multiply-adds of matrix products: connector, text, audio and output head.
 * With d the width, q the width of all queries, k that of keys, f that of the FFN, L layers, N audio and T text tokens,
 * and S summary tokens. Of the scores that are masked, those are not counted which are not computed.
 */
export function formulaOf(
  { task, integration, audioTokens: N, textTokens: T, batch, questions }: BenchConfiguration,
  llm: LlamaConfig,
): number {
  const { hiddenSize: d, layers: L, feedForwardSize: f, vocabularySize: V } = llm
  const q = llm.heads * llm.headSize
  const k = llm.keyValueHeads * llm.headSize
  const S = SUMMARY_TOKENS
  const attention = (queries: number, keys: number) => 2 * q * queries * keys
  const sequence = { plits: N, lal: 0, pal: S, flamingo: 0 }[integration]
  const memory = { plits: 0, lal: N, pal: N, flamingo: 0 }[integration]
  // Of the last layer, only the states that are read are made: the text's in training, of a prompt the last token's.
  const read = task === 'train' ? T : 1
  /** Tokens that attend to what stands before them and among themselves, of which the last `queries` are made. */
  const layer = (tokens: number, queries: number, before: number) =>
    tokens * 2 * d * k +
    queries * (2 * d * q + 3 * d * f) +
    causalBlocks(queries).reduce(
      (sum, { start, end }) => sum + attention(end - start, before + tokens - queries + end),
      0,
    )
  const layers = (tokens: number, queries: number, before: number) =>
    (L - 1) * layer(tokens, tokens, before) + layer(tokens, queries, before)
  const blocks = integration === 'flamingo' ? Math.ceil(L / FLAMINGO_EVERY) : 0
  // The learned queries that make the summary: self-attention, cross-attention, FFN.
  const summary = S * 4 * d * d + 2 * d * S * S + (2 * S + 2 * N) * d * d + 2 * d * S * N + S * 8 * d * d
  const audio =
    N * (FEATURES * d + d * d) +
    (integration === 'pal' ? summary : 0) +
    L * memory * 2 * d * k +
    layers(sequence, 0, memory) +
    blocks * N * 2 * d * d
  const text = layers(T, read, memory + sequence) + blocks * (2 * d * T * N + T * 10 * d * d) + read * V * d
  if (task === 'infer') return audio + text
  // Every audio's keys and values, by 0 or 1, for each of the texts.
  const shared = questions > 1 ? batch * (L * (memory + sequence) * 2 * k + blocks * N * 2 * d) : 0
  return batch * (audio + questions * (text + shared))
}

function stepCost(
  outputs: readonly [Tensor, ...Tensor[]],
  bits: BenchConfiguration['bits'],
): Pick<Cost, 'step' | 'heldBytes'> {
  return {
    step: multiplyAdds(outputs),
    heldBytes: mostBytesHeld(bits === 32 ? outputs : inBlocks(outputs, bits)),
  }
}

/** The outputs as they are computed when the language model's matrices are in blocks. */
function inBlocks(outputs: readonly [Tensor, ...Tensor[]], bits: 4 | 8): readonly Tensor[] {
  const matrices = [...outputs[0].graph.parameters.values()].filter(({ name, shape }) =>
    isRounded({ name, shape: shape.map(Number) }, 'llm.'),
  )
  const formats = new Map(matrices.map(({ name }) => [name, { bits, blockSize: BLOCK_SIZE }]))
  const named = Object.fromEntries(outputs.map((output) => [output.name, output]))
  return Object.values(readInBlocks(named, formats, 'training').outputs)
}

/** Every weight of the decoder that a token passes; of a table of embeddings that is no output head, next to nothing. */
function weightBytes({ graph: { parameters } }: Tensor, bits: number): number {
  let bytes = 0
  for (const { name, shape } of parameters.values()) {
    const isDecoder = name.startsWith('llm.') && (name !== EMBEDDINGS || !parameters.has(HEAD))
    if (!isDecoder && !BLOCK.test(name)) continue
    const count = shape.reduce<number>((size, dim) => size * Number(dim), 1)
    bytes += count * bytesOf(isMatrix(name) ? bits : 32)
  }
  return bytes
}

const EMBEDDINGS = 'llm.model.embed_tokens.weight'
const HEAD = 'llm.lm_head.weight'
/** What of Flamingo's blocks the text passes: not the keys and values of the audio, which are made once. */
const BLOCK = /^integration\.blocks\.\d+\.(?!attention\.(key|value|audio_norm)\.)/

/** Of a weight; a block of 32 has a scale of 4 bytes. */
const bytesOf = (bits: number) => (bits < 32 ? bits / 8 + 4 / 32 : 4)

/** With the letters of `formulaOf`; biases and norms of queries and keys only where a model has them. */
function weightFormula({ integration, bits }: BenchConfiguration, llm: LlamaConfig): number {
  const { hiddenSize: d, layers: L, feedForwardSize: f, vocabularySize: V, headSize } = llm
  const q = llm.heads * headSize
  const k = llm.keyValueHeads * headSize
  const vectors = 2 * d + (llm.queryKeyValueBias ? q + 2 * k : 0) + (llm.queryKeyNorm ? 2 * headSize : 0)
  // Queries, output and FFN; two layer norms, the FFN's biases none; two gates.
  const block = 10 * d * d + 4 * d + 2
  const blocks = integration === 'flamingo' ? Math.ceil(L / FLAMINGO_EVERY) : 0
  const matrices = L * (2 * d * q + 2 * d * k + 3 * d * f) + V * d
  return matrices * bytesOf(bits) + 4 * (L * vectors + d + blocks * block)
}

/** Keys and values of the audio: in every layer as the text's are, or, each as wide as the model, in Flamingo's blocks. */
function audioCacheBytes({ integration, audioTokens: N }: BenchConfiguration, llm: LlamaConfig): number {
  if (integration === 'flamingo') return N * Math.ceil(llm.layers / FLAMINGO_EVERY) * 2 * llm.hiddenSize * 4
  return (N + (integration === 'pal' ? SUMMARY_TOKENS : 0)) * cacheBytesPerToken(llm)
}

function cacheBytesPerToken({ layers, keyValueHeads, headSize }: LlamaConfig): number {
  return layers * 2 * keyValueHeads * headSize * 4
}
