/**
 * Named float32 tensors in one stretch of memory. The whole arena is lent to the runtime for a run and handed
 * back after it, without a copy; an optimiser or a checkpoint sees all of it as one vector.
 */
export class Arena {
  readonly entries: ReadonlyMap<string, ArenaEntry>
  #flat: Float32Array<ArrayBuffer>

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
    return this.#flat
  }

  /** One tensor's numbers, as a view. Not to be kept across a run. */
  get(name: string): Float32Array<ArrayBuffer> {
    const entry = this.entries.get(name)
    if (!entry) throw new Error(`arena: no tensor named "${name}"`)
    return this.#flat.subarray(entry.offset, entry.offset + entry.length)
  }

  /** Takes the memory back after a run. */
  restore(buffer: ArrayBuffer): void {
    this.#flat = new Float32Array(buffer)
  }
}

export interface ArenaEntry {
  readonly name: string
  readonly shape: readonly number[]
  /** In elements. */
  readonly offset: number
  readonly length: number
}
