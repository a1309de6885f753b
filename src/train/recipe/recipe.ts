import { z } from 'zod'
import { modelPlanSchema } from '../../model/config/config-schema.js'
import { comparisonSchema } from './comparison-schema.js'
import { dataSchema } from './data-schema.js'
import { sourceSchema } from './source-schema.js'
import { stageSchema } from './stage-schema.js'
import { count, folderName } from './values.js'

/** All that a recipe may say; what its parts may say stands in the files beside. */
export const recipeSchema = z.strictObject({
  name: folderName,
  seed: z.int().nonnegative().default(1),
  /** The folder that the run is kept in, relative to the working directory. */
  output: z.string().optional(),
  /** A checkpoint is written every so many steps. */
  saveEvery: count.default(200),
  /** What may be kept on disk of what encoders that do not learn make of audio that comes again; 0 for nothing. */
  featureCacheGiB: z.number().nonnegative().default(4),
  /** What the shipped weights are stored as. */
  dtype: z.enum(['F32', 'F16']).default('F32'),
  /** Weights taken over from a trained model before the first step. */
  start: z
    .strictObject({
      /** A model's folder, relative to this file, or the name of one that ships. */
      model: z.string(),
      parameters: z.array(z.string()).min(1).default(['*']),
    })
    .optional(),
  /** Manifests need no recordings beside their own. */
  data: dataSchema.default({ root: '.', sets: {} }),
  sources: z.record(z.string(), sourceSchema),
  model: modelPlanSchema,
  /** Draws go by a stage's name, and so does the folder of its model. */
  stages: z
    .array(stageSchema)
    .min(1)
    .refine(
      (stages) => new Set(stages.map(({ name }) => name)).size === stages.length,
      'expected another name for each stage',
    ),
  /** What `pal compare` holds against one another, by name: what each changes of `model`. Training ignores it. */
  compare: comparisonSchema.optional(),
})

export type Recipe = z.output<typeof recipeSchema>
export type Stage = Recipe['stages'][number]
export type BatchPlan = Stage['batches'][number]

/** A recipe as it will run, with what the command line changed. */
export interface LoadedRecipe {
  readonly recipe: Recipe
  readonly file: string
  readonly overrides: readonly Override[]
}

/** What `key=value` changed: the key, what the file said and what is used instead. */
export interface Override {
  readonly key: string
  readonly before: unknown
  readonly after: unknown
}
