/**
 * A decoder of the Llama family: the sizes that its `config.json` gives, in the field's words. What is optional
 * tells the family's models apart: Llama 3.1 and later scale their positions, Qwen2 has biases, Qwen3 has norms.
 */
export interface LlamaConfig {
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headSize: number
  readonly feedForwardSize: number
  readonly vocabularySize: number
  readonly normEpsilon: number
  readonly ropeTheta: number
  /** How the rotary angles were stretched for longer texts. @default not at all */
  readonly ropeScaling?: RopeScaling
  /** W_q, W_k and W_v add a bias (Qwen2). @default false */
  readonly queryKeyValueBias?: boolean
  /** An RMSNorm over each head of the queries and of the keys, before they are turned (Qwen3). @default false */
  readonly queryKeyNorm?: boolean
  /** The output head is the embedding table. */
  readonly tieEmbeddings: boolean
}

/**
 * `linear` slows every rotation down by a factor (Chen et al. 2023, eq. 4). `llama3` slows down those that turn
 * less than `lowFrequencyFactor` times within `originalPositions`, leaves those alone that turn more than
 * `highFrequencyFactor` times, and blends in between (Llama 3.1; `_compute_llama3_parameters` in
 * modeling_rope_utils.py of Hugging Face Transformers).
 */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly originalPositions: number
    }

/** Published sizes, for benchmarks with random weights. */
export const LLAMA_SIZES = {
  'smollm2-135m': {
    hiddenSize: 576,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headSize: 64,
    feedForwardSize: 1536,
    vocabularySize: 49152,
    normEpsilon: 1e-5,
    ropeTheta: 100000,
    tieEmbeddings: true,
  },
  'qwen2.5-0.5b': {
    hiddenSize: 896,
    layers: 24,
    heads: 14,
    keyValueHeads: 2,
    headSize: 64,
    feedForwardSize: 4864,
    vocabularySize: 151936,
    normEpsilon: 1e-6,
    ropeTheta: 1000000,
    queryKeyValueBias: true,
    tieEmbeddings: true,
  },
  'llama-3.2-1b': {
    hiddenSize: 2048,
    layers: 16,
    heads: 32,
    keyValueHeads: 8,
    headSize: 64,
    feedForwardSize: 8192,
    vocabularySize: 128256,
    normEpsilon: 1e-5,
    ropeTheta: 500000,
    ropeScaling: {
      kind: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    },
    tieEmbeddings: true,
  },
} as const satisfies Record<string, LlamaConfig>
