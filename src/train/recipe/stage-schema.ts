import { z } from 'zod'
import { isExclusion } from '../../patterns.js'
import { OBJECTIVES } from './objectives.js'
import { count, folderName, positive, share } from './values.js'

/** Of an audio, one encoder at most; how often each, by its name. */
const shares = z
  .record(z.string(), share)
  .refine(
    (shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) <= 1,
    'expected probabilities that add up to at most 1: of an audio it is one encoder at most',
  )

const batch = z.strictObject({
  /** Audio is at most this long; shorter audio is padded and masked. */
  seconds: positive,
  audios: count,
  /** Questions about each audio; it is heard once for all of them. */
  questions: count.default(4),
  /** How often this kind of batch is drawn, relative to the others. */
  weight: positive.default(1),
  /** Weights of the sources, by name. */
  mix: z.record(z.string(), positive),
  /** How often the language model hears, by an encoder of this name, another audio of the batch. */
  misheard: shares.optional(),
})

const plannedStage = z.strictObject({
  name: folderName,
  /** How long: so many steps, or so often through all examples of the one source that it draws from. */
  steps: count.exactOptional(),
  epochs: positive.exactOptional(),
  /** What is learnt: see `OBJECTIVES`. */
  objective: z.enum(OBJECTIVES).default('answers'),
  /** `train`: all but the groups that are held out; `all`: those too. What is measured then is not held out. */
  hears: z.enum(['train', 'all']).default('train'),
  /** Patterns over the names of parameters, `*` standing for anything, `!` before what is excluded; what none matches stays as it is. */
  trained: z.array(z.string()).min(1).default(['*']),
  learningRate: positive,
  /** Other learning rates by pattern, the first that fits; they rise and fall as `learningRate` does. */
  learningRates: z
    .record(z.string(), positive)
    .refine(
      (rates) => !Object.keys(rates).some(isExclusion),
      'expected patterns that say what a rate is for, got one that excludes (!): the first that fits counts, so put what is excluded first',
    )
    .optional(),
  warmup: z.int().nonnegative().default(100),
  /** What is left of the learning rate at the last step, as a share. */
  finalRate: share.default(0),
  weightDecay: z.number().nonnegative().default(0.01),
  /** The largest norm of all gradients together. */
  clip: positive.default(1),
  /** What the stage leaves is an average of its weights over its last steps: see `WeightAverage`. Without, those of the last step. */
  emaDecay: share.exactOptional(),
  /** Batches whose gradients are averaged for one step. */
  accumulate: count.default(1),
  /** What is computed again for the gradient instead of being kept: the FFN's gates, the weights of attention too (`selective`), or everything (true). */
  checkpointing: z.union([z.boolean(), z.enum(['gates', 'selective'])]).default('gates'),
  specAugment: z
    .strictObject({
      timeMasks: z.int().nonnegative(),
      maxSeconds: z.number().nonnegative(),
      bandMasks: z.int().nonnegative(),
      maxBins: z.int().nonnegative(),
    })
    .optional(),
  /** How often the language model does not hear an encoder, by the encoder's name: see `drawEncoder`. */
  encoderDropout: shares.optional(),
  batches: z.array(batch).min(1),
})

/** A stretch of training: what learns, from what, and how fast. */
export const stageSchema = plannedStage.superRefine(({ steps, epochs }, context) => {
  if ((steps === undefined) !== (epochs === undefined)) return
  const got = steps === undefined ? 'none' : 'both'
  context.addIssue({
    code: 'custom',
    message: `expected either steps or epochs, got ${got}`,
    path: ['steps'],
  })
})
