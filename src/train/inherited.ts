import { z } from 'zod'
import { HEAD_PREFIX } from './labels.js'
import { reachedBy } from './reach.js'
import type { Stage } from './recipe/recipe.js'
import { partOf } from './trained-parts.js'

/** Where a model's numbers were before the first step. */
export interface Inherited {
  /** The name of the model that the run starts from. */
  readonly start?: string
  readonly parts: readonly PartOrigin[]
}

/** A part of a model, and how many of its numbers are its base's, the model's that is started from, and drawn anew. */
export interface PartOrigin {
  readonly part: string
  readonly base: number
  readonly start: number
  readonly drawn: number
}

const count = z.number().int().nonnegative()

export const inheritedSchema: z.ZodType<Inherited> = z.object({
  start: z.string().exactOptional(),
  parts: z.array(z.object({ part: z.string(), base: count, start: count, drawn: count })),
})

/** What was taken over from the model that a run starts from. */
export interface TakenOver {
  /** That model's name. */
  readonly model: string
  /** Of the weights. */
  readonly names: ReadonlySet<string>
  /** Weights of that model which were named, too, and have no place in this one. */
  readonly left: readonly string[]
}

/**
 * Counts, part by part, what a run begins with; of classifiers those that a stage has to do with.
 * @param sizes how many numbers each weight has
 * @param ofBase whether a weight begins as a base's
 */
export function countInherited(
  sizes: ReadonlyMap<string, number>,
  ofBase: (name: string) => boolean,
  stages: readonly Pick<Stage, 'objective'>[],
  taken?: TakenOver,
): Inherited {
  const isUsed = (name: string) =>
    !name.startsWith(HEAD_PREFIX) || stages.some(({ objective }) => reachedBy(objective)(name))
  const parts = new Map<string, PartOrigin>()
  for (const [name, size] of sizes) {
    if (!isUsed(name)) continue
    const part = partOf(name)
    const origin = taken?.names.has(name) ? 'start' : ofBase(name) ? 'base' : 'drawn'
    const before = parts.get(part) ?? { part, base: 0, start: 0, drawn: 0 }
    parts.set(part, { ...before, [origin]: before[origin] + size })
  }
  return { ...(taken && { start: taken.model }), parts: [...parts.values()] }
}
