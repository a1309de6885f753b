/**
 * Seeded random numbers. A generator is made from a list of keys, such as (seed, stage, step, slot), so the
 * draws of a training step depend on nothing but its keys: a resumed run needs no saved generator state.
 */
export class Random {
  #state: number

  constructor(...keys: readonly (number | string)[]) {
    this.#state = hash(keys)
  }

  /** A number in [0, 1). Mulberry32: a full period of 2^32, enough for one step's draws. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** A number in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** A whole number in [0, count). */
  integer(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** A standard normal number (Box–Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Random.pick: expected at least one item, got none')
    return items[this.integer(items.length)] as T
  }

  /** One of the items, each with a probability proportional to its weight. */
  weighted<T>(items: readonly T[], weight: (item: T) => number): T {
    const total = items.reduce((sum, item) => sum + weight(item), 0)
    let rest = this.next() * total
    for (const item of items) {
      rest -= weight(item)
      if (rest < 0) return item
    }
    return items[items.length - 1] as T
  }

  /** The same items in a random order (Fisher–Yates); the given list is left as it is. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const moved = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = moved
    }
    return shuffled
  }
}

/** FNV-1a over the keys' text, finished by murmur3's mixer so that neighbouring seeds are far apart. */
function hash(keys: readonly (number | string)[]): number {
  let h = 0x811c9dc5
  for (const character of keys.join('\u0000')) {
    h = Math.imul(h ^ (character.codePointAt(0) as number), 0x01000193)
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
