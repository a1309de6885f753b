import { examplesOf } from '../data/sources/epochs.js'
import type { Ranks } from '../parallel/ranks.js'
import type { BatchPlan, Stage } from './recipe/recipe.js'
import { asDrawn, type SourceOf } from './sources.js'

/** A stage whose number of steps is known. */
export type TimedStage = Stage & { readonly steps: number }

/**
 * A stage of epochs has as many steps as draw each example so often. What its last batches have room for besides are the
 * first examples of the epoch that would follow.
 */
export function timed(stage: Stage, sourceOf: SourceOf, ranks: Pick<Ranks, 'size'>): TimedStage {
  const { steps, epochs, batches, accumulate, hears } = stage
  if (steps !== undefined) return { ...stage, steps }
  const [plan] = batches as [BatchPlan]
  const { size } = examplesOf(sourceOf(asDrawn(plan, stage), hears), plan.seconds)
  const drawn = plan.audios * accumulate * ranks.size
  return { ...stage, steps: Math.ceil(((epochs as number) * size) / drawn) }
}
