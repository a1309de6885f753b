import { MASKED } from '../nn/attention.js'
import { Arena } from '../runtime/arena.js'
import type { LlamaConfig } from './config.js'

/** Keys and values of consecutive tokens: [heads, length, headSize] each. */
export interface KeyValueRows {
  readonly keys: Float32Array
  readonly values: Float32Array
  readonly length: number
}

/** What a graph calls the cache's parts. */
export const cacheInput = {
  keys: (layer: number) => `cache.${layer}.keys`,
  values: (layer: number) => `cache.${layer}.values`,
  mask: (layer: number) => `cache.${layer}.mask`,
  crossKeys: (layer: number) => `cross.${layer}.keys`,
  crossValues: (layer: number) => `cross.${layer}.values`,
} as const

/** Spare rows that are made at once, so that the cache is not copied for every token. */
const STEP = 128

/**
 * The keys and values that a decoder has made so far, in one arena that is lent to each run: layers may differ in
 * length, because not every layer need hear the audio. Rows that are not used yet are zero and masked.
 */
export class KeyValueCache {
  readonly #config: LlamaConfig
  readonly #lengths: number[]
  readonly #cross: readonly (KeyValueRows | undefined)[]
  #capacities: readonly number[]
  #arena: Arena

  /** @param cross what gated blocks attend to, [heads, length, hiddenSize/heads], by layer (Flamingo only) */
  constructor(config: LlamaConfig, cross: readonly (KeyValueRows | undefined)[] = []) {
    this.#config = config
    this.#cross = cross
    this.#lengths = new Array<number>(config.layers).fill(0)
    this.#capacities = this.#lengths
    this.#arena = this.#allocate(0)
  }

  /** The cache as the graph takes it. It moves when rows are appended: ask anew for each run. */
  get arena(): Arena {
    return this.#arena
  }

  /** The rows of each layer. */
  get lengths(): readonly number[] {
    return this.#lengths
  }

  /** @param layers the new rows of each layer, in order; a layer may have none */
  append(layers: readonly (KeyValueRows | undefined)[]): void {
    const added = this.#lengths.map((_, layer) => layers[layer]?.length ?? 0)
    if (added.some((count, layer) => this.#lengths[layer]! + count > this.#capacities[layer]!)) {
      this.#grow(Math.max(...added))
    }
    for (const [layer, rows] of layers.entries()) {
      if (!rows) continue
      const start = this.#lengths[layer]!
      this.#write(layer, start, rows)
      this.#arena.get(cacheInput.mask(layer)).fill(0, start, start + rows.length)
      this.#lengths[layer] = start + rows.length
    }
  }

  /** A copy of one layer's rows. */
  rows(layer: number): KeyValueRows {
    const length = this.#lengths[layer]!
    return {
      keys: this.#packed(cacheInput.keys(layer), this.#capacities[layer]!, length),
      values: this.#packed(cacheInput.values(layer), this.#capacities[layer]!, length),
      length,
    }
  }

  #write(layer: number, start: number, rows: KeyValueRows): void {
    const { keyValueHeads, headSize } = this.#config
    const capacity = this.#capacities[layer]!
    for (const [name, from] of [
      [cacheInput.keys(layer), rows.keys],
      [cacheInput.values(layer), rows.values],
    ] as const) {
      const into = this.#arena.get(name)
      for (let head = 0; head < keyValueHeads; head++) {
        const row = from.subarray(head * rows.length * headSize, (head + 1) * rows.length * headSize)
        into.set(row, (head * capacity + start) * headSize)
      }
    }
  }

  /** The first `length` rows of each head, side by side. */
  #packed(name: string, capacity: number, length: number): Float32Array {
    const { keyValueHeads, headSize } = this.#config
    const from = this.#arena.get(name)
    const packed = new Float32Array(keyValueHeads * length * headSize)
    for (let head = 0; head < keyValueHeads; head++) {
      const start = head * capacity * headSize
      packed.set(from.subarray(start, start + length * headSize), head * length * headSize)
    }
    return packed
  }

  #grow(added: number): void {
    const kept = this.#lengths.map((_, layer) => this.rows(layer))
    this.#arena = this.#allocate(added)
    for (const [layer, rows] of kept.entries()) {
      this.#write(layer, 0, rows)
      this.#arena.get(cacheInput.mask(layer)).fill(0, 0, rows.length)
    }
  }

  /** An arena with room for `added` rows more, and some to spare; the rows there are stay to be written. */
  #allocate(added: number): Arena {
    const { keyValueHeads, headSize, heads, hiddenSize } = this.#config
    this.#capacities = this.#lengths.map((length) => Math.ceil((length + added + 1) / STEP) * STEP)
    const arena = new Arena([
      ...this.#capacities.flatMap((capacity, layer) => [
        { name: cacheInput.keys(layer), shape: [1, keyValueHeads, capacity, headSize] },
        { name: cacheInput.values(layer), shape: [1, keyValueHeads, capacity, headSize] },
        { name: cacheInput.mask(layer), shape: [1, 1, 1, 1, capacity] },
      ]),
      ...this.#cross.flatMap((rows, layer) => {
        const shape = [1, heads, rows?.length ?? 0, hiddenSize / heads]
        return rows
          ? [
              { name: cacheInput.crossKeys(layer), shape },
              { name: cacheInput.crossValues(layer), shape },
            ]
          : []
      }),
    ])
    for (const layer of this.#capacities.keys()) arena.get(cacheInput.mask(layer)).fill(MASKED)
    for (const [layer, rows] of this.#cross.entries()) {
      if (!rows) continue
      arena.get(cacheInput.crossKeys(layer)).set(rows.keys)
      arena.get(cacheInput.crossValues(layer)).set(rows.values)
    }
    return arena
  }
}
