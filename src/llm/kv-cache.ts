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
  readonly room?: readonly number[]
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
  readonly #crossLengths: readonly (readonly (number | undefined)[])[]
  #capacities: readonly number[]
  #arena: Arena

  /**
   * @param sequences what is in it at first; it is copied
   * @param capacities the rows that there is room for, by layer. @default those and some to spare
   */
  private constructor(
    settings: CacheSettings,
    sequences: readonly Sequence[],
    capacities?: readonly number[],
  ) {
    this.#settings = settings
    this.#lengths = sequences.map(({ layers }) => layers.map(({ length }) => length))
    this.#crossLengths = sequences.map(({ cross }) => cross.map((rows) => rows?.length))
    this.#capacities = capacities ?? this.#longest().map(roomFor)
    this.#arena = this.#allocate()
    this.#fill(sequences)
  }

  static empty(config: LlamaConfig, options: EmptyCacheOptions = {}): KeyValueCache {
    const layers = Array.from({ length: config.layers }, () => NO_ROWS)
    const cross = layers.map((none, layer) => {
      const length = options.cross?.[layer]
      return length === undefined ? undefined : { ...none, length }
    })
    const { groups = layers.map(() => 0), room = layers.map(() => 0), spare } = options
    return new KeyValueCache({ config, groups, spare }, [{ layers, cross }], room)
  }

  /** Several caches of one sequence each, as one whose sequences go on together. */
  static join(caches: readonly KeyValueCache[]): KeyValueCache {
    const [first] = caches as readonly [KeyValueCache, ...KeyValueCache[]]
    return new KeyValueCache(
      first.#settings,
      caches.map((cache) => cache.#sequence(0)),
    )
  }

  /** Some of the sequences, in the given order; one may come several times. */
  only(sequences: readonly number[]): KeyValueCache {
    return new KeyValueCache(
      this.#settings,
      sequences.map((sequence) => this.#sequence(sequence)),
    )
  }

  /** @param room for so many rows more of each layer */
  copy(room: number): KeyValueCache {
    const capacities = this.#longest().map((length) => roomFor(length + room))
    return new KeyValueCache(this.#settings, this.#sequences(), capacities)
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
    const longest = this.#longest()
    if (longest.every((length, layer) => length + added <= this.#capacities[layer]!)) return
    await this.home()
    const outgrown = this.#arena
    const sequences = this.#sequences()
    this.#capacities = longest.map((length) => roomFor(length + added))
    this.#arena = this.#allocate()
    this.#fill(sequences)
    this.#settings.spare?.give(outgrown.surrender())
  }

  /** Calls the memory home and leaves it to the cache that needs some next. This one is good for nothing then. */
  async release(): Promise<void> {
    await this.home()
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
    for (const lengths of this.#lengths) {
      for (const layer of lengths.keys()) lengths[layer]! += typeof rows === 'number' ? rows : rows[layer]!
    }
  }

  /** For each layer, the most rows of any sequence. */
  #longest(): readonly number[] {
    const [first] = this.#lengths as readonly [number[], ...number[][]]
    return first.map((_, layer) => Math.max(...this.#lengths.map((lengths) => lengths[layer]!)))
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

  /** An arena of the capacities, with anything in it. */
  #allocate(): Arena {
    const { sequences } = this
    const { config, spare } = this.#settings
    const { keyValueHeads, heads, hiddenSize } = config
    const tensors = this.#capacities.flatMap((capacity, layer) => {
      const shape = [sequences, keyValueHeads, capacity, cachedHeadSize(config.headSize)]
      const own = [cacheInput.keys(layer), cacheInput.values(layer)].map((name) => ({ name, shape }))
      const attended = this.#longestCross(layer)
      if (attended === undefined) return own
      const crossShape = [sequences, heads, 1, attended, hiddenSize / heads]
      const cross = [cacheInput.crossKeys(layer), cacheInput.crossValues(layer)]
      return [
        ...own,
        ...cross.map((name) => ({ name, shape: crossShape })),
        { name: cacheInput.crossMask(layer), shape: [sequences, 1, 1, 1, attended] },
      ]
    })
    return new Arena(tensors, spare)
  }

  #longestCross(layer: number): number | undefined {
    const lengths = this.#crossLengths
      .map((lengths) => lengths[layer])
      .filter((length) => length !== undefined)
    return lengths.length > 0 ? Math.max(...lengths) : undefined
  }

  /** Writes the rows of all sequences from the start, and which of those of gated blocks there are. */
  #fill(sequences: readonly Sequence[]): void {
    for (const [i, from] of sequences.entries()) {
      const into = this.#sequence(i)
      for (const [layer, rows] of from.layers.entries()) copyRows(rows, into.layers[layer]!)
      for (const [layer, rows] of from.cross.entries()) {
        const target = into.cross[layer]
        if (!rows || !target) continue
        copyRows(rows, target)
        const { capacity, length } = target
        const mask = this.#arena.get(cacheInput.crossMask(layer)).subarray(i * capacity, (i + 1) * capacity)
        mask.fill(0, 0, length).fill(MASKED, length)
      }
    }
  }
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

const NO_ROWS: Rows = {
  keys: new Float32Array(),
  values: new Float32Array(),
  heads: 0,
  capacity: 0,
  headSize: 0,
  length: 0,
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
