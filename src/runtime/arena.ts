/**
 * Named float32 tensors in one stretch of memory. The whole arena is lent to the runtime for a run, without a copy,
 * and comes back after it, or stays there for the next one until it is called home; an optimiser or a checkpoint sees
 * all of it as one vector.
 */
export class Arena {
  readonly entries: ReadonlyMap<string, ArenaEntry>
  #flat: Float32Array<ArrayBuffer> | undefined
  #giveBack: (() => Promise<ArrayBuffer>) | undefined

  constructor(tensors: Iterable<{ readonly name: string; readonly shape: readonly number[] }>) {
    const entries = new Map<string, ArenaEntry>()
    let offset = 0
    for (const { name, shape } of tensors) {
      const length = shape.reduce((product, dim) => product * dim, 1)
      entries.set(name, { name, shape, offset, length })
      offset += length
    }
    this.entries = entries
    this.#flat = new Float32Array(offset)
  }

  /** Every tensor, one after the other. Not to be kept across a run: the memory moves. */
  get flat(): Float32Array<ArrayBuffer> {
    if (!this.#flat) throw new Error('arena: the runtime has its memory; await home() first')
    return this.#flat
  }

  /** One tensor's numbers, as a view. Not to be kept across a run. */
  get(name: string): Float32Array<ArrayBuffer> {
    const { offset, length } = this.entry(name)
    return this.flat.subarray(offset, offset + length)
  }

  entry(name: string): ArenaEntry {
    const entry = this.entries.get(name)
    if (!entry) throw new Error(`arena: no tensor named "${name}"`)
    return entry
  }

  /** For the runtime: the memory, unless it has it already. */
  lend(giveBack: () => Promise<ArrayBuffer>): ArrayBuffer | undefined {
    const buffer = this.#flat?.buffer
    this.#flat = undefined
    this.#giveBack = giveBack
    return buffer
  }

  /** For the runtime: takes the memory back. */
  restore(buffer: ArrayBuffer): void {
    this.#flat = new Float32Array(buffer)
    this.#giveBack = undefined
  }

  /** Waits until the memory is here again. */
  async home(): Promise<void> {
    if (this.#giveBack) this.restore(await this.#giveBack())
  }
}

export interface ArenaEntry {
  readonly name: string
  readonly shape: readonly number[]
  /** In elements. */
  readonly offset: number
  readonly length: number
}

/** What a run writes into its arena when it is done, in elements. */
export interface ArenaWrites {
  /** By output: where a stretch of it begins, where it goes in the arena, and how long it is; again and again. */
  readonly copies: Readonly<Record<string, Float64Array>>
  /** Where zeros begin and how many; again and again. */
  readonly zeros: Float64Array
}
