import { MASKED } from '../nn/attention.js'
import { cachedHeadSize } from '../nn/cached-attention.js'
import { Arena } from '../runtime/arena.js'
import type { Value } from '../runtime/protocol.js'
import type { LlamaConfig } from './config.js'

/** Keys and values of consecutive tokens: [heads, length, `cachedHeadSize`] each. */
export interface KeyValueRows {
  readonly keys: Float32Array
  readonly values: Float32Array
  readonly length: number
}

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

/** For each layer, the rows of one sequence; a layer may have none. */
export type LayerRows = readonly (KeyValueRows | undefined)[]

/**
 * For each layer, which of the groups of layers it is in that always have equally many rows: a graph is told once for a group
 * how many.
 */
export type LayerGroups = readonly number[]

interface CacheSettings {
  readonly config: LlamaConfig
  readonly groups: LayerGroups
  /** By sequence. */
  readonly cross: readonly LayerRows[]
}

/** Rows that are made at once, so that the cache is not copied for every token. */
const STEP = 128

/**
 * The keys and values that a decoder has made so far, of one sequence or of several that go on together, in one
 * arena that is lent to each run: sequences and layers may differ in length, because not every layer need hear the
 * audio. While tokens are read the arena stays with the runtime, which writes the new rows behind those that are there;
 * whoever wants to see, join or part caches calls them home first.
 */
export class KeyValueCache {
  readonly #config: LlamaConfig
  readonly #rowSize: RowSize
  readonly #groups: LayerGroups
  /** By sequence and layer. */
  readonly #lengths: number[][]
  readonly #cross: readonly LayerRows[]
  #capacities: readonly number[]
  #arena: Arena

  /** @param sequences what is in it at first, copied into an arena with some room to spare */
  private constructor(
    { config, groups, cross }: CacheSettings,
    sequences: readonly (readonly FilledStretch[])[],
  ) {
    this.#config = config
    this.#rowSize = { heads: config.keyValueHeads, headSize: cachedHeadSize(config.headSize) }
    this.#groups = groups
    this.#cross = cross
    this.#lengths = sequences.map((layers) => layers.map(({ length }) => length))
    this.#capacities = this.#longest().map(roomFor)
    this.#arena = this.#allocate()
    this.#fill(sequences)
  }

  /**
   * @param cross for each sequence, what gated blocks attend to, [heads, length, hiddenSize/heads] (Flamingo only)
   * @param groups those that the graph was made for. @default all layers in one
   */
  static empty(
    config: LlamaConfig,
    cross: readonly LayerRows[] = [[]],
    groups: LayerGroups = new Array<number>(config.layers).fill(0),
  ): KeyValueCache {
    const layers = Array.from({ length: config.layers }, () => NO_ROWS)
    return new KeyValueCache(
      { config, groups, cross },
      cross.map(() => layers),
    )
  }

  /** Several caches of one sequence each, as one whose sequences go on together. */
  static join(caches: readonly KeyValueCache[]): KeyValueCache {
    const [first] = caches as readonly [KeyValueCache, ...KeyValueCache[]]
    return new KeyValueCache(
      { config: first.#config, groups: first.#groups, cross: caches.map((cache) => cache.#cross[0]!) },
      caches.map((cache) => cache.#sequence(0)),
    )
  }

  /** Some of the sequences, in the given order; one may come several times. */
  only(sequences: readonly number[]): KeyValueCache {
    const cross = sequences.map((sequence) => this.#cross[sequence]!)
    return new KeyValueCache(
      { config: this.#config, groups: this.#groups, cross },
      sequences.map((sequence) => this.#sequence(sequence)),
    )
  }

  /** The cache as the graph takes it. It moves when rows are appended: ask anew for each run. */
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
    const rows = this.#capacities.map(() => added)
    if (this.#fits(rows)) return
    await this.home()
    this.#ensure(rows)
  }

  /** For a run that reads so many tokens of each sequence: how many rows there are when theirs are written, by group of layers. */
  rowCounts(length: number): Readonly<Record<string, Value>> {
    const feeds: Record<string, Value> = {}
    for (const group of new Set(this.#groups)) {
      const layer = this.#groups.indexOf(group)
      const totals = this.#lengths.map((lengths) => lengths[layer]! + length)
      const lastRows = Int32Array.from(totals, (total) => total - 1)
      feeds[cacheInput.lastRow(group)] = { data: lastRows, dims: [totals.length] }
      feeds[cacheInput.totalRows(group)] = { data: Int32Array.of(Math.max(...totals)), dims: [] }
    }
    return feeds
  }

  /** Every layer of every sequence has so many rows more, written by a run. */
  advance(length: number): void {
    for (const lengths of this.#lengths) for (const layer of lengths.keys()) lengths[layer]! += length
  }

  /**
   * The new rows of each layer of a sequence go behind those that are there.
   * @param room for so many rows more of each layer, if the cache has to grow
   */
  append(layers: LayerRows, sequence = 0, room = 0): void {
    for (const [layer, group] of this.#groups.entries()) {
      const [given, others] = [layer, this.#groups.indexOf(group)].map((one) => layers[one]?.length ?? 0)
      if (given !== others) throw new Error(`append: layer ${layer} has ${given} rows, its group ${others}`)
    }
    this.#ensure(this.#capacities.map((_, layer) => (layers[layer]?.length ?? 0) + room))
    const lengths = this.#lengths[sequence]!
    for (const [layer, rows] of layers.entries()) {
      if (!rows) continue
      this.#write(layer, sequence, lengths[layer]!, { ...rows, capacity: rows.length })
      lengths[layer]! += rows.length
    }
  }

  /** A copy of one layer's rows. */
  rows(layer: number, sequence = 0): KeyValueRows {
    const length = this.#lengths[sequence]![layer]!
    const { keys, values, capacity } = this.#stretch(layer, sequence)
    const { heads, headSize } = this.#rowSize
    const packed = { keys: new Float32Array(heads * length * headSize), capacity: length, start: 0 }
    const into = { ...packed, values: new Float32Array(packed.keys.length) }
    copyRows(this.#rowSize, { keys, values, capacity, length }, into)
    return { keys: into.keys, values: into.values, length }
  }

  /** For each layer, the most rows of any sequence. */
  #longest(): readonly number[] {
    return Array.from({ length: this.#config.layers }, (_, layer) =>
      Math.max(0, ...this.#lengths.map((lengths) => lengths[layer]!)),
    )
  }

  /** One sequence's part of a layer. */
  #stretch(layer: number, sequence: number): Stretch {
    const { heads, headSize } = this.#rowSize
    const capacity = this.#capacities[layer]!
    const size = heads * capacity * headSize
    const part = (name: string) => this.#arena.get(name).subarray(sequence * size, (sequence + 1) * size)
    return { keys: part(cacheInput.keys(layer)), values: part(cacheInput.values(layer)), capacity }
  }

  /** One sequence's rows of each layer, where they lie. */
  #sequence(sequence: number): readonly FilledStretch[] {
    return this.lengths(sequence).map((length, layer) => ({ ...this.#stretch(layer, sequence), length }))
  }

  /** Writes rows behind the first `start` of a sequence. */
  #write(layer: number, sequence: number, start: number, rows: FilledStretch): void {
    copyRows(this.#rowSize, rows, { ...this.#stretch(layer, sequence), start })
  }

  /** Makes room, if there is none. @param added rows more of each layer */
  #ensure(added: readonly number[]): void {
    if (this.#fits(added)) return
    const sequences = this.#lengths.map((_, sequence) => this.#sequence(sequence))
    this.#capacities = this.#longest().map((length, layer) => roomFor(length + added[layer]!))
    this.#arena = this.#allocate()
    this.#fill(sequences)
  }

  #fits(added: readonly number[]): boolean {
    return this.#longest().every((length, layer) => length + added[layer]! <= this.#capacities[layer]!)
  }

  /** Writes the rows of all sequences from the start. */
  #fill(sequences: readonly (readonly FilledStretch[])[]): void {
    for (const [sequence, layers] of sequences.entries()) {
      for (const [layer, rows] of layers.entries()) this.#write(layer, sequence, 0, rows)
    }
  }

  /** An arena of the capacities, but for the rows. */
  #allocate(): Arena {
    const { heads, headSize } = this.#rowSize
    const { sequences } = this
    const arena = new Arena([
      ...this.#capacities.flatMap((capacity, layer) => [
        { name: cacheInput.keys(layer), shape: [sequences, heads, capacity, headSize] },
        { name: cacheInput.values(layer), shape: [sequences, heads, capacity, headSize] },
      ]),
      ...this.#capacities.flatMap((_, layer) => this.#crossShapes(layer)),
    ])
    for (const layer of this.#capacities.keys()) this.#writeCross(arena, layer)
    return arena
  }

  #crossShapes(layer: number): { name: string; shape: number[] }[] {
    const { heads, hiddenSize } = this.#config
    const longest = this.#longestCross(layer)
    if (longest === undefined) return []
    const shape = [this.sequences, heads, 1, longest, hiddenSize / heads]
    return [
      { name: cacheInput.crossKeys(layer), shape },
      { name: cacheInput.crossValues(layer), shape },
      { name: cacheInput.crossMask(layer), shape: [this.sequences, 1, 1, 1, longest] },
    ]
  }

  #writeCross(arena: Arena, layer: number): void {
    const { heads, hiddenSize } = this.#config
    const longest = this.#longestCross(layer)
    if (longest === undefined) return
    const size = hiddenSize / heads
    const mask = arena.get(cacheInput.crossMask(layer)).fill(MASKED)
    for (const [sequence, layers] of this.#cross.entries()) {
      const rows = layers[layer]!
      mask.fill(0, sequence * longest, sequence * longest + rows.length)
      for (let head = 0; head < heads; head++) {
        const from = [head * rows.length * size, (head + 1) * rows.length * size] as const
        const to = (sequence * heads + head) * longest * size
        arena.get(cacheInput.crossKeys(layer)).set(rows.keys.subarray(...from), to)
        arena.get(cacheInput.crossValues(layer)).set(rows.values.subarray(...from), to)
      }
    }
  }

  #longestCross(layer: number): number | undefined {
    if (!this.#cross[0]?.[layer]) return undefined
    return Math.max(...this.#cross.map((layers) => layers[layer]!.length))
  }
}

/** A row has so many numbers of each head of keys, and of values. */
interface RowSize {
  readonly heads: number
  readonly headSize: number
}

/** Keys and values, [heads, capacity, `cachedHeadSize`] each. */
interface Stretch {
  readonly keys: Float32Array
  readonly values: Float32Array
  readonly capacity: number
}

/** One whose first `length` rows are in use. */
interface FilledStretch extends Stretch {
  readonly length: number
}

const NO_ROWS: FilledStretch = {
  keys: new Float32Array(),
  values: new Float32Array(),
  capacity: 0,
  length: 0,
}

/** Copies the rows of one stretch behind the first `start` of another. */
function copyRows(
  { heads, headSize }: RowSize,
  from: FilledStretch,
  into: Stretch & { readonly start: number },
): void {
  for (let head = 0; head < heads; head++) {
    const source = head * from.capacity * headSize
    const end = source + from.length * headSize
    const target = (head * into.capacity + into.start) * headSize
    into.keys.set(from.keys.subarray(source, end), target)
    into.values.set(from.values.subarray(source, end), target)
  }
}

/**
 * Growing copies what is there: a step of 128 rows, and of an eighth of a long cache, keeps that, and what lies idle, at a few per
 * cent.
 */
function roomFor(length: number): number {
  return Math.ceil((length + 1 + length / 8) / STEP) * STEP
}
