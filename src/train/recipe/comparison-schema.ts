import { z } from 'zod'
import { listeningSchema } from '../../model/config/config-schema.js'
import { positive } from './values.js'

/** What is compared: how the model listens, and for how long it learns to answer. */
const compared = listeningSchema.extend({
  /** Steps of the stages that learn to answer, relative to the recipe's: 1.25 where a step takes 0.8 of the time, for equal time. */
  steps: positive.exactOptional(),
})

/** Settings that are held against one another, by name: what each changes of the recipe's model. */
export const comparisonSchema = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, 'expected small letters, digits, "." and "-" only'),
    compared,
  )
  .refine((settings) => Object.keys(settings).length > 0, 'expected at least one setting to compare')
