import { Graph } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import type { KeyValueCache, KeyValueRows } from '../llm/kv-cache.js'
import { rotaryTables } from '../llm/rotary-tables.js'
import { MASKED } from '../nn/attention.js'
import type { Value } from '../runtime/protocol.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import type { ModelConfig } from './config.js'
import { decodeGraph } from './decode-graph.js'
import { Network } from './network.js'

/** What is read next: text, or audio tokens [length, hiddenSize] that stand in the sequence. */
export type Reading = { readonly ids: readonly number[] } | { readonly audio: Float32Array }

/** Tokens of one run: longer readings are read in chunks, so that the mask and the scores stay small. */
const CHUNK = 256

/** The language model as a reader: it takes tokens, remembers them in a cache and says what may follow. */
export class LanguageModel {
  readonly config: LlamaConfig
  readonly #program: Program
  readonly #chunk: number

  private constructor(config: LlamaConfig, program: Program, chunk: number) {
    this.config = config
    this.#program = program
    this.#chunk = chunk
  }

  /** @param chunk the tokens of one run. @default 256 */
  static async compile(
    runtime: Runtime,
    config: ModelConfig,
    weights: (name: string) => WeightSource | undefined,
    chunk = CHUNK,
  ): Promise<LanguageModel> {
    const { logits, keyValues } = decodeGraph(new Network(new Graph(), config))
    const outputs = Object.fromEntries(
      keyValues.flatMap(({ keys, values }, layer) => [
        [`new.${layer}.keys`, keys],
        [`new.${layer}.values`, values],
      ]),
    )
    const program = await runtime.compile({ logits, ...outputs }, { weights })
    return new LanguageModel(config.llm, program, chunk)
  }

  /**
   * Reads on from a cache, which grows by what is read.
   * @param position of the first token
   * @returns the scores [vocabularySize] of the token that follows the last
   */
  async read(cache: KeyValueCache, reading: Reading, position: number): Promise<Float32Array> {
    const { hiddenSize } = this.config
    const length = 'ids' in reading ? reading.ids.length : reading.audio.length / hiddenSize
    if (length === 0) throw new Error('read: expected at least one token')
    let logits = new Float32Array()
    for (let start = 0; start < length; start += this.#chunk) {
      const end = Math.min(length, start + this.#chunk)
      const part =
        'ids' in reading
          ? { ids: reading.ids.slice(start, end) }
          : { audio: reading.audio.subarray(start * hiddenSize, end * hiddenSize) }
      logits = await this.#readChunk(cache, part, position + start, end - start)
    }
    return logits
  }

  release(): Promise<void> {
    return this.#program.release()
  }

  async #readChunk(
    cache: KeyValueCache,
    reading: Reading,
    position: number,
    length: number,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { hiddenSize, layers } = this.config
    const ids = 'ids' in reading ? BigInt64Array.from(reading.ids, BigInt) : new BigInt64Array()
    const audio = 'ids' in reading ? new Float32Array() : reading.audio.slice()
    const feeds = {
      ids: { data: ids, dims: [1, ids.length] },
      audio: { data: audio, dims: [1, audio.length / hiddenSize, hiddenSize] },
      mask: { data: causalMask(length), dims: [1, 1, 1, length, length] },
      ...positionFeeds('', this.config, position, length),
    }
    const { outputs } = await this.#program.run(feeds, cache.arena)
    cache.append(Array.from({ length: layers }, (_, layer) => rowsOf(outputs, `new.${layer}`)))
    return outputs.logits?.data as Float32Array<ArrayBuffer>
  }
}

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

/** Keys and values among a run's outputs, [1, heads, length, headSize], if they are there. */
export function rowsOf(outputs: Readonly<Record<string, Value>>, name: string): KeyValueRows | undefined {
  const [keys, values] = [outputs[`${name}.keys`], outputs[`${name}.values`]]
  if (!keys || !values) return undefined
  return { keys: keys.data as Float32Array, values: values.data as Float32Array, length: keys.dims[2]! }
}

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length)
  for (let row = 0; row < length; row++) mask.fill(MASKED, row * length + row + 1, (row + 1) * length)
  return mask
}
