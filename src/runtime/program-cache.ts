import type { Program } from './runtime.js'

export interface ProgramCacheOptions {
  /** Programs that are kept at most. @default 8 */
  readonly most?: number
  /** Whether programs keep the memory of a run for the next: see `ProgramCache`. @default 'alone' */
  readonly keepMemory?: 'always' | 'alone' | 'never'
}

/**
 * Compiled programs by a key, of which those used last are kept. They run one at a time, so that none is released while it is
 * in use. A program that keeps its memory runs faster; several that do need the sum of what they need. `alone`: one keeps it
 * as long as there is no other, and once several take turns none does.
 */
export class ProgramCache<Compiled extends Pick<Program, 'release'> = Program> {
  readonly #most: number
  /** Least recently used first. */
  readonly #compiled = new Map<string, Compiled>()
  #keepMemory: 'always' | 'alone' | 'never'
  #isReleased = false
  #queue: Promise<unknown> = Promise.resolve()

  constructor({ most = 8, keepMemory = 'alone' }: ProgramCacheOptions = {}) {
    this.#most = most
    this.#keepMemory = keepMemory
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
      const compiled = known ?? (await compile({ keepsMemory: this.#keepMemory !== 'never' }))
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

  /** One that was alone and keeps its memory goes when a second comes, and is compiled anew in its turn; else, that not used for longest. */
  async #makeRoom(): Promise<void> {
    if (this.#compiled.size === 0) return
    if (this.#keepMemory === 'alone' || this.#compiled.size >= this.#most) await this.#releaseOldest()
    if (this.#keepMemory === 'alone') this.#keepMemory = 'never'
  }

  async #releaseOldest(): Promise<void> {
    const [oldest, compiled] = this.#compiled.entries().next().value as [string, Compiled]
    this.#compiled.delete(oldest)
    await compiled.release()
  }
}
