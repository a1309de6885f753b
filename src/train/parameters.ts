import { type Bases, baseWeights } from '../model/bases.js'
import type { ModelConfig } from '../model/config.js'
import { modelParameters } from '../model/parameters.js'
import { Arena } from '../runtime/arena.js'
import type { WeightSource } from '../runtime/runtime.js'
import { initialise } from './initialise.js'
import { headParameters } from './labels.js'
import { readWeight } from './read-weight.js'

/** The weights of a run. */
export interface RunWeights {
  /** Those that a stage trains, and those that have no base: what the optimiser, checkpoints and models hold. */
  readonly own: Arena
  /** Those that stay as the bases have them: mapped from their files. */
  readonly frozen: (name: string) => WeightSource | undefined
  /** How many numbers each weight has, own or frozen. */
  readonly sizes: ReadonlyMap<string, number>
}

export interface WeightOptions {
  readonly seed: number
  /** Of the classifiers that encoders are pretrained with. */
  readonly labels: readonly string[]
  /** Whether any stage trains a weight. */
  readonly isTrained: (name: string) => boolean
}

/**
 * A run's weights before its first step: those of the bases, the rest freshly drawn.
 * @throws PalError for a base whose weights are to be trained but cannot be, since they are quantised
 */
export async function startingWeights(
  config: ModelConfig,
  bases: Bases,
  { seed, labels, isTrained }: WeightOptions,
): Promise<RunWeights> {
  const given = baseWeights(bases)
  const all = [...modelParameters(config), ...(labels.length > 0 ? headParameters(config, labels) : [])]
  const own = all.filter(([name]) => given(name) === undefined || isTrained(name))
  const arena = new Arena(own.map(([name, { shape }]) => ({ name, shape })))
  for (const [name, { initial }] of own) {
    const source = given(name)
    if (source) arena.get(name).set(await readWeight(source, name))
    else initialise(arena.get(name), name, initial, seed)
  }
  return {
    own: arena,
    frozen: (name) => (arena.entries.has(name) ? undefined : given(name)),
    sizes: new Map(
      all.map(([name, { shape }]) => [name, shape.reduce((product, size) => product * size, 1)]),
    ),
  }
}
