import { Random } from '../../random.js'
import type { Draw, Examples, Source } from '../source.js'

/**
 * Examples again and again: each once an epoch, in another order in each. What comes at which place is a pure function of
 * the keys.
 */
export class Epochs {
  readonly #examples: Examples
  readonly #keys: readonly (number | string)[]
  #shuffled: { readonly epoch: number; readonly order: readonly number[] } | undefined

  /** @param keys of the order, such as (seed, stage) */
  constructor(examples: Examples, ...keys: readonly (number | string)[]) {
    this.#examples = examples
    this.#keys = keys
  }

  /** @param place counted from 0, over all epochs */
  draw(place: number, random: Random): Draw {
    const { size } = this.#examples
    const order = this.#orderOf(Math.floor(place / size))
    return this.#examples.at(order[place % size] as number, random)
  }

  #orderOf(epoch: number): readonly number[] {
    if (this.#shuffled?.epoch !== epoch) {
      const indices = Array.from({ length: this.#examples.size }, (_, i) => i)
      this.#shuffled = { epoch, order: new Random(...this.#keys, 'epoch', epoch).shuffle(indices) }
    }
    return this.#shuffled.order
  }
}

/** Those of a source that is known to have an end. */
export function examplesOf(source: Source, maxSeconds: number): Examples {
  const examples = source.examples?.(maxSeconds)
  if (!examples) throw new Error(`${source.name} has no end`)
  return examples
}
