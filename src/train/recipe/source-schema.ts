import { z } from 'zod'
import { type StepName, stepNames } from '../../data/augment/augment.js'
import { tasks } from '../../data/questions/task.js'
import { positive, range, share } from './values.js'

const asking = {
  /** How often each task is asked, relative to one another; tasks not named are not asked. */
  tasks: z.partialRecord(z.enum(tasks), positive).exactOptional(),
  backgroundChance: share.exactOptional(),
  /** Probability that a drum is choked before it has rung out. */
  chokeChance: share.exactOptional(),
  /** Whether answers of yes or no, and about order, begin with what is heard. */
  evidence: z.boolean().exactOptional(),
}

const step = z
  .strictObject({ probability: share.exactOptional(), range: range.exactOptional() })
  .exactOptional()

const steps = Object.fromEntries(stepNames.map((name) => [name, step])) as Record<StepName, typeof step>

/** Changes to the steps of `augmentDefaults`; `false`: the audio as it is, each time the same. */
const augment = z
  .union(
    [z.literal(false), z.strictObject(steps)],
    `expected false or changes like { tilt: { probability: 0.6, range: [-12, 12] } }, of ${stepNames.join(', ')}`,
  )
  .exactOptional()

const composed = {
  sets: z.array(z.string()).exactOptional(),
  augment,
  ...asking,
}

/** Where examples are drawn from. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('clips'), ...composed }),
  z.strictObject({
    kind: z.literal('scenes'),
    ...composed,
    /** Changes to `sceneDefaults`. */
    scene: z
      .strictObject({
        gapSeconds: range.exactOptional(),
        overlap: share.exactOptional(),
        levelDb: range.exactOptional(),
        noiseBelowDb: z
          .union([z.literal(false), range], 'expected false or [lowest, highest]')
          .exactOptional(),
        clipSeconds: range.exactOptional(),
      })
      .exactOptional(),
    eventCounts: z.array(z.number().nonnegative()).exactOptional(),
    countingChance: share.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('imagined'),
    /** The encoder that hears what is imagined; it has labels. */
    encoder: z.string(),
    /** Patterns over its labels, such as `['*', '!Music*']`. */
    labels: z.array(z.string()).min(1).exactOptional(),
    ...composed,
  }),
  z.strictObject({
    kind: z.literal('manifest'),
    path: z.string(),
    /** What rows are asked that keep no question of their own. */
    question: z.string().min(1).exactOptional(),
    /** Unlike clips and scenes, rows are heard as they are where this is not said. */
    augment,
  }),
])
