import { elementCount, Graph } from '../../graph/tensor.js'
import type { LlamaConfig } from '../../llm/config.js'
import { type EmptyCacheOptions, KeyValueCache, type LayerGroups } from '../../llm/kv-cache.js'
import { rotaryTables } from '../../llm/rotary-tables.js'
import type { Value } from '../../runtime/protocol.js'
import type { Program, Runtime, WeightSource } from '../../runtime/runtime.js'
import { SpareMemory } from '../../runtime/spare-memory.js'
import type { ModelConfig } from '../config/config.js'
import { decodeGraph } from '../network/decode-graph.js'
import { layerGroups } from '../network/layer-groups.js'
import { Network } from '../network/network.js'

/** What is read next: audio tokens [length, hiddenSize] that stand in the sequence, and text behind them. */
export interface Reading {
  readonly audio?: Float32Array | undefined
  readonly ids?: readonly number[]
}

/** What an answer is given to, once: whoever answers it releases its cache, however that ends. */
export interface Prompt {
  /** What was heard and read before. It grows. */
  readonly cache: KeyValueCache
  /** Audio tokens [length, hiddenSize] that are yet to be read, before the text. @default none */
  readonly audio?: Float32Array | undefined
  readonly ids: readonly number[]
  /** Of the first token that is read, of audio or text. */
  readonly position: number
}

/** Tokens of one run: longer readings are read in chunks, so that the scores stay small. */
const CHUNK = 256

/**
 * On WebGPU, ONNX Runtime 1.30 attends in another way from 32 queries on, and that was wrong on the one device that was tried,
 * SwiftShader: scores were off by as much as they are large.
 */
const WEBGPU_CHUNK = 31

/** Parameters up to which the runtime keeps a blocked copy of the weights: a large model is to open at once. */
const PREPACKED = 2 ** 26

export interface LanguageModelOptions {
  /** Tokens of one run. @default 256, on WebGPU 31 */
  readonly chunk?: number
  /** See `CompileOptions`. @default for models of up to 2^26 parameters, and for weights in blocks */
  readonly prepacking?: boolean
}

/** The language model as a reader: it takes tokens, remembers them in a cache and says what may follow. */
export class LanguageModel {
  readonly config: LlamaConfig
  readonly #groups: LayerGroups
  readonly #program: Program
  readonly #chunk: number
  /** Of caches that were released. */
  readonly #spare = new SpareMemory()

  private constructor(config: ModelConfig, program: Program, chunk: number) {
    this.config = config.llm
    this.#groups = layerGroups(config)
    this.#program = program
    this.#chunk = chunk
  }

  static async compile(
    runtime: Runtime,
    config: ModelConfig,
    weights: (name: string) => WeightSource | undefined,
    { chunk = runtime.provider === 'webgpu' ? WEBGPU_CHUNK : CHUNK, prepacking }: LanguageModelOptions = {},
  ): Promise<LanguageModel> {
    const network = new Network(new Graph(), config)
    const { outputs, inPlace } = decodeGraph(network)
    const program = await runtime.compile(outputs, {
      weights,
      inPlace,
      prepacking: prepacking ?? isPrepacked(network, weights),
    })
    return new LanguageModel(config, program, chunk)
  }

  /** A cache for what this model hears and reads. Its memory, once released, is there for the next. */
  emptyCache(options: Pick<EmptyCacheOptions, 'capacities' | 'cross'> = {}): KeyValueCache {
    return KeyValueCache.empty(this.config, { ...options, groups: this.#groups, spare: this.#spare })
  }

  /**
   * One sequence reads on from its cache, which grows by what is read, a chunk at a time.
   * @param position of the first token
   * @returns the scores [vocabularySize] of the token that follows the last
   * @throws the signal's reason, between two chunks
   */
  async read(
    cache: KeyValueCache,
    { audio = NO_AUDIO, ids = [] }: Reading,
    position: number,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const { hiddenSize } = this.config
    const heard = audio.length / hiddenSize
    const length = heard + ids.length
    if (length === 0) throw new Error('read: expected at least one token')
    let logits: Float32Array = new Float32Array()
    for (let start = 0; start < length; start += this.#chunk) {
      signal?.throwIfAborted()
      const end = Math.min(length, start + this.#chunk)
      const count = end - start
      const tokens = audio.slice(start * hiddenSize, end * hiddenSize)
      const text = ids.slice(Math.max(0, start - heard), Math.max(0, end - heard))
      const scores = await this.#run(cache, count, {
        ids: { data: BigInt64Array.from(text, BigInt), dims: [1, text.length] },
        audio: { data: tokens, dims: [1, count - text.length, hiddenSize] },
        ...positionFeeds('', this.config, position + start, count),
      })
      logits = scores[0]!
    }
    return logits
  }

  /**
   * One sequence reads what it is asked.
   * @returns the scores [vocabularySize] of the answer's first token, and that token's position
   * @throws the signal's reason, between two chunks
   */
  async readPrompt(
    { cache, audio = NO_AUDIO, ids, position }: Prompt,
    signal?: AbortSignal,
  ): Promise<{ readonly logits: Float32Array; readonly next: number }> {
    const logits = await this.read(cache, { audio, ids }, position, signal)
    return { logits, next: position + audio.length / this.config.hiddenSize + ids.length }
  }

  /**
   * Every sequence of a cache reads one token.
   * @param positions of the tokens
   * @returns for each sequence, the scores [vocabularySize] of the token that follows
   */
  next(
    cache: KeyValueCache,
    ids: readonly number[],
    positions: readonly number[],
  ): Promise<readonly Float32Array[]> {
    const { cosine, sine } = rotaryTables(this.config, positions)
    const batch = ids.length
    const table = [batch, this.config.headSize / 2]
    return this.#run(cache, 1, {
      ids: { data: BigInt64Array.from(ids, BigInt), dims: [batch, 1] },
      audio: { data: NO_AUDIO, dims: [batch, 0, this.config.hiddenSize] },
      positions: { data: BigInt64Array.from({ length: batch }, (_, i) => BigInt(i)), dims: [batch, 1] },
      cosine: { data: cosine, dims: table },
      sine: { data: sine, dims: table },
    })
  }

  release(): Promise<void> {
    return this.#program.release()
  }

  /** Runs over `length` tokens of each sequence, and leaves their rows in the cache. */
  async #run(
    cache: KeyValueCache,
    length: number,
    feeds: Readonly<Record<string, Value>>,
  ): Promise<readonly Float32Array[]> {
    await cache.reserve(length)
    const counts = cache.rowCounts(length)
    const { outputs } = await this.#program.run({ ...feeds, ...counts }, cache.arena, { keep: true })
    cache.advance(length)
    const { vocabularySize } = this.config
    const logits = outputs.logits!.data as Float32Array
    return Array.from({ length: cache.sequences }, (_, i) =>
      logits.subarray(i * vocabularySize, (i + 1) * vocabularySize),
    )
  }
}

const NO_AUDIO = new Float32Array()

/** Where consecutive tokens stand, under names that start with `prefix`. */
export function positionFeeds(
  prefix: string,
  config: LlamaConfig,
  start: number,
  length: number,
): Record<string, Value> {
  const { cosine, sine } = rotaryTables(
    config,
    Array.from({ length }, (_, i) => start + i),
  )
  const dims = [length, config.headSize / 2]
  return {
    [`${prefix}positions`]: { data: BigInt64Array.from({ length }, (_, i) => BigInt(i)), dims: [1, length] },
    [`${prefix}cosine`]: { data: cosine, dims },
    [`${prefix}sine`]: { data: sine, dims },
  }
}

/** Blocks always are: without it, the runtime widens them to float32 at every product. */
function isPrepacked({ scope }: Network, weights: (name: string) => WeightSource | undefined): boolean {
  let count = 0
  for (const { name, shape } of scope.graph.parameters.values()) {
    const source = weights(name)
    if (source && 'bits' in source) return true
    count += elementCount(shape)
  }
  return count <= PREPACKED
}
