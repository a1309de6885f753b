import type { SpareMemory } from './spare-memory.js'

/**
 * Named float32 tensors in one stretch of memory. The whole arena is lent to the runtime for a run, without a copy,
 * and comes back after it, or stays there for the next one until it is called home; an optimiser or a checkpoint sees
 * all of it as one vector.
 */
export class Arena {
  readonly entries: ReadonlyMap<string, ArenaEntry>
  /** In elements. */
  readonly #length: number
  #place: Place

  /** @param spare where memory is taken from; there may be anything in it. @default zeros from the system */
  constructor(
    tensors: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
    spare?: SpareMemory,
  ) {
    const entries = new Map<string, ArenaEntry>()
    let offset = 0
    for (const { name, shape } of tensors) {
      const length = shape.reduce((product, dim) => product * dim, 1)
      entries.set(name, { name, shape, offset, length })
      offset += length
    }
    this.entries = entries
    this.#length = offset
    const bytes = offset * Float32Array.BYTES_PER_ELEMENT
    this.#place = this.#home(spare?.take(bytes) ?? new ArrayBuffer(bytes))
  }

  /** Every tensor, one after the other. Not to be kept across a run: the memory moves. */
  get flat(): Float32Array<ArrayBuffer> {
    if (this.#place.at === 'home') return this.#place.flat
    if (this.#place.at === 'gone') throw new Error('arena: its memory was given away')
    throw new Error('arena: the runtime has its memory; await home() first')
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

  /** Gives its memory away, which must be here. The arena has none then. */
  surrender(): ArrayBuffer {
    const { buffer } = this.flat
    this.#place = { at: 'gone' }
    return buffer
  }

  /** Waits until the memory is here again, unless it was given away: for the run that has it, and for the runtime that keeps it. */
  async home(): Promise<void> {
    for (;;) {
      const place = this.#place
      if (place.at === 'home' || place.at === 'gone') return
      if (place.at === 'lent') await place.until
      else await this.#lendUntil(place.keeper.giveBack(this), place.keeper)
    }
  }

  /**
   * For the runtime: lends the memory to a run, when its turn comes.
   * @param start begins the run, with the memory unless the keeper has it. If it throws, the arena stays as it is
   */
  async lend<A extends Answer>(
    keeper: Keeper,
    start: (memory: ArrayBuffer | undefined) => Promise<A>,
  ): Promise<A> {
    for (;;) {
      const place = this.#place
      if (place.at === 'lent') await place.until
      else if (place.at === 'kept' && place.keeper !== keeper) await this.home()
      else return this.#lendUntil(start(place.at === 'kept' ? undefined : this.flat.buffer), keeper)
    }
  }

  #home(buffer: ArrayBuffer): Place {
    return { at: 'home', flat: new Float32Array(buffer, 0, this.#length) }
  }

  /** The memory is away until the answer comes: then it is here, or kept. */
  async #lendUntil<A extends Answer>(answer: Promise<A>, keeper: Keeper): Promise<A> {
    const kept = { at: 'kept', keeper } as const
    const until = answer.then(
      ({ lent }) => {
        this.#place = lent ? this.#home(lent) : kept
      },
      () => {
        this.#place = kept // The keeper has failed: it says so when it is asked for the memory.
      },
    )
    this.#place = { at: 'lent', until }
    await until
    return answer
  }
}

/** Where an arena's memory is: here, with a run that is under way, with the runtime until it is asked for, or given away. */
type Place =
  | { readonly at: 'home'; readonly flat: Float32Array<ArrayBuffer> }
  | { readonly at: 'gone' }
  | { readonly at: 'lent'; readonly until: Promise<void> }
  | { readonly at: 'kept'; readonly keeper: Keeper }

/** Who may keep an arena's memory between runs. */
export interface Keeper {
  giveBack(arena: Arena): Promise<Answer>
}

/** What comes when the memory is no longer in use: the memory, unless it is kept. */
interface Answer {
  readonly lent?: ArrayBuffer | undefined
}

export interface ArenaEntry {
  readonly name: string
  readonly shape: readonly number[]
  /** In elements. */
  readonly offset: number
  readonly length: number
}
