/**
 * What was made last, up to a total weight: the least recently used goes first. The latest stays whatever it weighs,
 * and what is asked for while it is being made is made once.
 */
export class Recent<T> {
  readonly #made = new Map<string, Promise<T>>()
  readonly #weights = new Map<string, number>()

  constructor(
    readonly capacity: number,
    private readonly weigh: (value: T) => number,
  ) {}

  async get(key: string, make: () => Promise<T>): Promise<T> {
    const value = this.#made.get(key) ?? make()
    // A map keeps the order of insertion: the one at its end is the latest.
    this.#made.delete(key)
    this.#made.set(key, value)
    try {
      this.#weights.set(key, this.weigh(await value))
    } catch (error) {
      this.#made.delete(key)
      throw error
    }
    this.#dropOldest()
    return value
  }

  #dropOldest(): void {
    let total = [...this.#weights.values()].reduce((sum, weight) => sum + weight, 0)
    for (const key of this.#made.keys()) {
      if (total <= this.capacity || this.#made.size === 1) return
      total -= this.#weights.get(key) ?? 0
      this.#made.delete(key)
      this.#weights.delete(key)
    }
  }
}
