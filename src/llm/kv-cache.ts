import { MASKED } from '../nn/attention.js'
import { cachedHeadSize } from '../nn/cached-attention.js'
import { Arena } from '../runtime/arena.js'
import type { Value } from '../runtime/protocol.js'
import type { SpareMemory } from '../runtime/spare-memory.js'
import type { LlamaConfig } from './config.js'

/** What a graph calls the cache's parts. */
export const cacheInput = {
  keys: (layer: number) => `cache.${layer}.keys`,
  values: (layer: number) => `cache.${layer}.values`,
  lastRow: (group: number) => `cache.${group}.lastRow`,
  totalRows: (group: number) => `cache.${group}.totalRows`,
  crossKeys: (layer: number) => `cross.${layer}.keys`,
  crossValues: (layer: number) => `cross.${layer}.values`,
  crossMask: (layer: number) => `cross.${layer}.mask`,
} as const

/** What a graph calls the cache's parts with the new rows in them; each is written over the input of the same part. */
export const cacheOutput = {
  keys: (layer: number) => `present.${layer}.keys`,
  values: (layer: number) => `present.${layer}.values`,
} as const

/**
 * For each layer, which of the groups of layers it is in that always have equally many rows: a graph is told once for a group
 * how many.
 */
export type LayerGroups = readonly number[]

export interface EmptyCacheOptions {
  /** Those that the graph was made for. @default all layers in one */
  readonly groups?: LayerGroups
  /** The rows that there is room for at once, by layer. @default none */
  readonly capacities?: readonly number[]
  /** For each layer, the rows that its gated block attends to (Flamingo only); a run writes them. @default none */
  readonly cross?: readonly (number | undefined)[]
  /** Where memory is taken from, and left when it is released. @default the system */
  readonly spare?: SpareMemory | undefined
}

interface CacheSettings {
  readonly config: LlamaConfig
  readonly groups: LayerGroups
  readonly spare: SpareMemory | undefined
}

/**
 * The keys and values that a decoder has made so far, of one sequence or of several that go on together, in one
 * arena that is lent to each run: sequences and layers may differ in length, because not every layer need hear the
 * audio. While tokens are read the arena stays with the runtime, which writes the new rows behind those that are there;
 * whoever wants to see, join or part caches calls them home first.
 */
export class KeyValueCache {
  readonly #settings: CacheSettings
  /** By sequence and layer: the rows of keys and values. */
  readonly #lengths: readonly number[][]
  /** By sequence and layer: the rows that its gated block attends to. */
  readonly #crossLengths: readonly CrossLengths[]
  #arena: Arena

  private constructor(
    settings: CacheSettings,
    lengths: readonly number[][],
    crossLengths: readonly CrossLengths[],
    capacities: readonly number[],
  ) {
    this.#settings = settings
    this.#lengths = lengths
    this.#crossLengths = crossLengths
    this.#arena = this.#allocate(capacities)
  }

  static empty(config: LlamaConfig, options: EmptyCacheOptions = {}): KeyValueCache {
    const none = new Array<number>(config.layers).fill(0)
    const { groups = none, capacities = none, cross = [], spare } = options
    return new KeyValueCache({ config, groups, spare }, [[...none]], [cross], capacities)
  }

  /** Several caches of one sequence each, as one whose sequences go on together. */
  static join(caches: readonly KeyValueCache[]): KeyValueCache {
    const [first] = caches as readonly [KeyValueCache, ...KeyValueCache[]]
    return first.#with(caches.map((cache) => cache.#sequence(0)))
  }

  /** Some of the sequences, in the given order; one may come several times. */
  only(sequences: readonly number[]): KeyValueCache {
    return this.#with(sequences.map((sequence) => this.#sequence(sequence)))
  }

  /** @param added there is to be room for so many rows more of each layer, beside some to spare */
  copy(added = 0): KeyValueCache {
    return this.#with(this.#sequences(), added)
  }

  /** The cache as the graph takes it. It moves when there has to be more room: ask anew for each run. */
  get arena(): Arena {
    return this.#arena
  }

  get sequences(): number {
    return this.#lengths.length
  }

  /** The rows of each layer. */
  lengths(sequence = 0): readonly number[] {
    return this.#lengths[sequence]!
  }

  /** Waits until the rows are here and not with the runtime. */
  home(): Promise<void> {
    return this.#arena.home()
  }

  /** Makes room for so many rows more of each layer, at home if the cache has to grow. */
  async reserve(added: number): Promise<void> {
    const longest = longestOf(this.#lengths)
    const capacity = (layer: number) => this.#arena.entry(cacheInput.keys(layer)).shape.at(-2)!
    if (longest.every((length, layer) => length + added <= capacity(layer))) return
    await this.home()
    const sequences = this.#sequences()
    this.#arena = this.#allocate(longest.map((length) => roomFor(length + added)))
    this.#fill(sequences)
  }

  /**
   * Calls the memory home and leaves it to the cache that needs some next; this one is good for nothing then. The memory of a runtime
   * that has failed, or was closed, is gone with it.
   */
  async release(): Promise<void> {
    try {
      await this.home()
    } catch {
      return
    }
    const memory = this.#arena.surrender()
    this.#settings.spare?.give(memory)
  }

  /** For a run that reads so many tokens of each sequence: how many rows there are when theirs are written, by group of layers. */
  rowCounts(length: number): Readonly<Record<string, Value>> {
    const { groups } = this.#settings
    const feeds: Record<string, Value> = {}
    for (const group of new Set(groups)) {
      const layer = groups.indexOf(group)
      const totals = this.#lengths.map((lengths) => lengths[layer]! + length)
      const lastRows = Int32Array.from(totals, (total) => total - 1)
      feeds[cacheInput.lastRow(group)] = { data: lastRows, dims: [totals.length] }
      feeds[cacheInput.totalRows(group)] = { data: Int32Array.of(Math.max(...totals)), dims: [] }
    }
    return feeds
  }

  /** A run has written so many rows more of every sequence: of each layer, or by layer. */
  advance(rows: number | readonly number[]): void {
    const { groups } = this.#settings
    const added = groups.map((_, layer) => (typeof rows === 'number' ? rows : rows[layer]!))
    for (const [layer, count] of added.entries()) {
      const others = added[groups.indexOf(groups[layer]!)]
      if (count !== others)
        throw new Error(`advance: layer ${layer} has ${count} rows more, its group ${others}`)
    }
    for (const lengths of this.#lengths) for (const layer of lengths.keys()) lengths[layer]! += added[layer]!
  }

  /** A cache of these sequences, with room for so many rows more. */
  #with(sequences: readonly Sequence[], added = 0): KeyValueCache {
    const lengths = sequences.map(({ layers }) => layers.map(({ length }) => length))
    const crossLengths = sequences.map(({ cross }) => cross.map((rows) => rows?.length))
    const capacities = longestOf(lengths).map((length) => roomFor(length + added))
    const cache = new KeyValueCache(this.#settings, lengths, crossLengths, capacities)
    cache.#fill(sequences)
    return cache
  }

  #sequences(): readonly Sequence[] {
    return this.#lengths.map((_, sequence) => this.#sequence(sequence))
  }

  #sequence(sequence: number): Sequence {
    const { keys, values, crossKeys, crossValues } = cacheInput
    const rows = (names: readonly [string, string], length: number) =>
      rowsIn(this.#arena, names, sequence, length)
    return {
      layers: this.#lengths[sequence]!.map((length, layer) => rows([keys(layer), values(layer)], length)),
      cross: this.#crossLengths[sequence]!.map((length, layer) =>
        length === undefined ? undefined : rows([crossKeys(layer), crossValues(layer)], length),
      ),
    }
  }

  /** An arena in which nothing but what gated blocks may attend to is said yet: rows that are in use are written before they are read. */
  #allocate(capacities: readonly number[]): Arena {
    const sequences = this.#lengths.length
    const { config, spare } = this.#settings
    const { keyValueHeads, heads, hiddenSize } = config
    const tensors = capacities.flatMap((capacity, layer) => {
      const shape = [sequences, keyValueHeads, capacity, cachedHeadSize(config.headSize)]
      return [cacheInput.keys(layer), cacheInput.values(layer)].map((name) => ({ name, shape }))
    })
    const attended = capacities.map((_, layer) => longestCross(this.#crossLengths, layer))
    const crossTensors = attended.flatMap((longest, layer) => {
      if (longest === undefined) return []
      const shape = [sequences, heads, 1, longest, hiddenSize / heads]
      return [
        { name: cacheInput.crossKeys(layer), shape },
        { name: cacheInput.crossValues(layer), shape },
        { name: cacheInput.crossMask(layer), shape: [sequences, 1, 1, 1, longest] },
      ]
    })
    const arena = new Arena([...tensors, ...crossTensors], spare)
    for (const [layer, longest] of attended.entries()) {
      if (longest === undefined) continue
      // What the mask hides is multiplied all the same: it has to be a number.
      arena.get(cacheInput.crossKeys(layer)).fill(0)
      arena.get(cacheInput.crossValues(layer)).fill(0)
      const mask = arena.get(cacheInput.crossMask(layer)).fill(MASKED)
      for (const [sequence, lengths] of this.#crossLengths.entries()) {
        mask.fill(0, sequence * longest, sequence * longest + lengths[layer]!)
      }
    }
    return arena
  }

  /** Copies the rows of all sequences to the start. */
  #fill(sequences: readonly Sequence[]): void {
    for (const [i, from] of sequences.entries()) {
      const into = this.#sequence(i)
      for (const [layer, rows] of from.layers.entries()) copyRows(rows, into.layers[layer]!)
      for (const [layer, rows] of from.cross.entries()) if (rows) copyRows(rows, into.cross[layer]!)
    }
  }
}

/** The rows that the gated block of each layer attends to, where there is one. */
type CrossLengths = readonly (number | undefined)[]

/** For each layer, the most rows of any sequence. */
function longestOf(lengths: readonly (readonly number[])[]): readonly number[] {
  const [first] = lengths as readonly [readonly number[], ...(readonly number[])[]]
  return first.map((_, layer) => Math.max(...lengths.map((of) => of[layer]!)))
}

function longestCross(lengths: readonly CrossLengths[], layer: number): number | undefined {
  const known = lengths.map((of) => of[layer]).filter((length) => length !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}

/** What one sequence has of each layer; of gated blocks, where there is one. */
interface Sequence {
  readonly layers: readonly Rows[]
  readonly cross: readonly (Rows | undefined)[]
}

/** Keys and values where they lie, [heads, capacity, headSize] each, of which `length` rows are in use. */
interface Rows {
  readonly keys: Float32Array
  readonly values: Float32Array
  readonly heads: number
  readonly capacity: number
  readonly headSize: number
  readonly length: number
}

/** One sequence's part of an arena's keys and values, [sequences, heads, …, capacity, headSize] each. */
function rowsIn(
  arena: Arena,
  [keys, values]: readonly [string, string],
  sequence: number,
  length: number,
): Rows {
  const { shape } = arena.entry(keys)
  const [heads, capacity, headSize] = [shape[1]!, shape.at(-2)!, shape.at(-1)!]
  const size = heads * capacity * headSize
  const part = (name: string) => arena.get(name).subarray(sequence * size, (sequence + 1) * size)
  return { keys: part(keys), values: part(values), heads, capacity, headSize, length }
}

function copyRows(from: Rows, into: Rows): void {
  for (let head = 0; head < from.heads; head++) {
    const start = head * from.capacity * from.headSize
    const end = start + from.length * from.headSize
    const target = head * into.capacity * into.headSize
    into.keys.set(from.keys.subarray(start, end), target)
    into.values.set(from.values.subarray(start, end), target)
  }
}

/**
 * The rows to make room for where there are so many: growing copies what is there, and a step of 128 rows, and of an eighth of a long
 * cache, keeps that, and what lies idle, at a few per cent.
 */
export function roomFor(length: number): number {
  return Math.ceil((length + 1 + length / 8) / STEP) * STEP
}

/** Rows that are made at once, so that the cache is not copied for every token. */
const STEP = 128
