/** A decoder of the Llama family: the sizes that its `config.json` gives, in the field's words. */
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
  /** The output head is the embedding table. */
  readonly tieEmbeddings: boolean
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
} as const satisfies Record<string, LlamaConfig>
