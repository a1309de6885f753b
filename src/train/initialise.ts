import type { Drawn } from '../nn/scope.js'
import { Random } from '../random.js'

/** A fresh parameter's numbers; they depend on the seed and the name alone, not on what else the model holds. */
export function initialise(into: Float32Array, name: string, initial: Drawn, seed: number): void {
  if (initial === 'zeros') into.fill(0)
  else if (initial === 'ones') into.fill(1)
  else {
    const random = new Random('initial', seed, name)
    const draw =
      'normal' in initial
        ? () => random.normal() * initial.normal
        : () => random.uniform(-initial.uniform, initial.uniform)
    for (let i = 0; i < into.length; i++) into[i] = draw()
  }
}
