import type { Program } from './runtime.js'

export interface ProgramCacheOptions {
  /** Programs that are kept at most. @default 8 */
  readonly most?: number
  /** Whether there are others from the start: see `ProgramCache`. @default false */
  readonly takingTurns?: boolean
}

/**
 * Compiled programs by a key, of which those used last are kept. A program that is alone keeps the memory of a run for
 * the next; once several take turns, none does, so that they need what the largest needs and not the sum. They run one
 * at a time, so that none is released while it is in use.
 */
export class ProgramCache<Compiled extends Pick<Program, 'release'> = Program> {
  readonly #most: number
  /** Least recently used first. */
  readonly #compiled = new Map<string, Compiled>()
  #takingTurns: boolean
  #isReleased = false
  #queue: Promise<unknown> = Promise.resolve()

  constructor({ most = 8, takingTurns = false }: ProgramCacheOptions = {}) {
    this.#most = most
    this.#takingTurns = takingTurns
  }

  /**
   * @param compile makes the program if there is none
   * @param run uses it, and not beyond what it returns
   */
  use<T>(
    key: string,
    compile: (options: { readonly keepsMemory: boolean }) => Promise<Compiled>,
    run: (compiled: Compiled) => Promise<T>,
  ): Promise<T> {
    return this.#next(async () => {
      if (this.#isReleased) throw new Error('the programs were released')
      const known = this.#compiled.get(key)
      this.#compiled.delete(key)
      if (!known) await this.#makeRoom()
      const compiled = known ?? (await compile({ keepsMemory: !this.#takingTurns }))
      this.#compiled.set(key, compiled)
      return run(compiled)
    })
  }

  /** For good, once what was asked for before is done. */
  release(): Promise<void> {
    return this.#next(async () => {
      this.#isReleased = true
      while (this.#compiled.size > 0) await this.#releaseOldest()
    })
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }

  /** The first goes when a second comes, because it keeps its memory, and is compiled anew in its turn; later, that not used for longest. */
  async #makeRoom(): Promise<void> {
    if (this.#compiled.size === 0) return
    if (!this.#takingTurns || this.#compiled.size >= this.#most) await this.#releaseOldest()
    this.#takingTurns = true
  }

  async #releaseOldest(): Promise<void> {
    const [oldest, compiled] = this.#compiled.entries().next().value as [string, Compiled]
    this.#compiled.delete(oldest)
    await compiled.release()
  }
}
