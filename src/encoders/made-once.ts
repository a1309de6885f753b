/**
 * Arrays that take as long to make as the rest of a small graph, kept for the graphs of other lengths that follow. Nobody is to write to
 * them.
 */
export class MadeOnce {
  readonly #made = new Map<string, Float32Array>()

  /** @param of all that it depends on */
  get(of: readonly (number | string | boolean)[], make: () => Float32Array): Float32Array {
    const key = of.join(' ')
    const array = this.#made.get(key) ?? make()
    this.#made.set(key, array)
    return array
  }
}
