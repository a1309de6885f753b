import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { z } from 'zod'
import type { BaseRecords } from '../model/config/model-description.js'
import type { ModelPlan } from '../model/config/plan.js'
import { readOwnJson } from '../own-json.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { type Inherited, inheritedSchema } from './inherited.js'
import { withoutPlaces } from './places.js'
import type { LoadedRecipe, Recipe } from './recipe/recipe.js'
import type { TimedStage } from './timed-stage.js'
import { countParts, type PartCount } from './trained-parts.js'

/** What a run's models are made by, beside the recipe. */
export interface Origin {
  readonly bases: BaseRecords | undefined
  /** Unknown for runs that began before it was kept. */
  readonly inherited: Inherited | undefined
  readonly stages: readonly StageOrigin[]
}

export interface StageOrigin {
  readonly name: string
  readonly steps: number
  /** If these were what the recipe said. */
  readonly epochs?: number
  readonly parameters: readonly PartCount[]
}

/**
 * Writes what a model, or a run, is made by: `training.json` (what was inherited, overridden and trained, with counts) and
 * `recipe.yaml` (every setting as it ran). Where things lie on this machine is in neither; what bases are is told by name.
 */
export async function saveOrigin(
  folder: string,
  { recipe, overrides }: LoadedRecipe,
  { bases, inherited, stages }: Origin,
): Promise<void> {
  const training = {
    recipe: recipe.name,
    seed: recipe.seed,
    overrides: overrides
      .filter(({ key }) => !['data.root', 'output'].includes(key))
      .map(({ key, before, after }) => {
        const last = key.split('.').at(-1)
        return { key, before: withoutPlaces(before, last), after: withoutPlaces(after, last) }
      }),
    ...(bases && { bases }),
    ...(recipe.start && { start: withoutPlaces(recipe.start) }),
    ...(inherited && { inherited }),
    stages,
  }
  await writeAtomically(join(folder, TRAINING), `${JSON.stringify(training, null, 2)}\n`)
  await writeAtomically(join(folder, RECIPE), `${HEADER}${recipeText(recipe, bases)}`)
}

/** What a stage trains of weights of these sizes. */
export function stageOrigin(stage: TimedStage, sizes: ReadonlyMap<string, number>): StageOrigin {
  const { name, steps, epochs } = stage
  return { name, steps, ...(epochs !== undefined && { epochs }), parameters: countParts(sizes, stage) }
}

/**
 * What a run that is gone on with once inherited, if its folder says so.
 * @throws PalError for a file that is damaged: the run would put one in its place that does not say
 */
export async function inheritedIn(folder: string): Promise<Inherited | undefined> {
  const file = join(folder, TRAINING)
  if (!existsSync(file)) return undefined
  const schema = z.object({ inherited: inheritedSchema.optional() })
  return (await readOwnJson(file, schema, 'what the run began with', UNTOLD)).inherited
}

const UNTOLD =
  'Put back a sound copy, or take the file away: the run then goes on, and no longer tells what it began with.'

/** How many numbers the last stage of a model has trained. @throws PalError for a file that is damaged or missing */
export async function lastTrained(folder: string): Promise<number> {
  const file = join(folder, TRAINING)
  const { stages } = await readOwnJson(file, stagesSchema, 'what the model was trained by', COUNTED_ANEW)
  return stages.at(-1)!.parameters.reduce((sum, { trained }) => sum + trained, 0)
}

const stagesSchema = z.object({
  stages: z.array(z.object({ parameters: z.array(z.object({ trained: z.int().nonnegative() })) })).min(1),
})

const COUNTED_ANEW = 'Put back a sound copy, or train the model again.'

/** What it inherited, overrode and trained, beside that. */
export const TRAINING = 'training.json'
/** The recipe as it ran, in the folder of a run or a model. */
export const RECIPE = 'recipe.yaml'

const HEADER = `# What this was trained by, as it ran, with what the command line changed. Where its files lay is left out: say it again,
# of manifests as sources.NAME.path=…, of pretrained models that are no names of the hub with --llm and --encoder.
#
#   pal train recipe.yaml data.root=path/to/recordings

`

/** A recipe as it is kept: without what training does not read, and where its files lay. */
export function keptRecipe(recipe: Recipe, bases: BaseRecords | undefined): object {
  const { compare: _, output: __, data, model, ...rest } = recipe
  const hasSets = Object.keys(data.sets).length > 0
  return withoutPlaces({ ...rest, ...(hasSets && { data: { sets: data.sets } }), model: named(model, bases) })
}

function recipeText(recipe: Recipe, bases: BaseRecords | undefined): string {
  return stringify(keptRecipe(recipe, bases), { aliasDuplicateObjects: false, lineWidth: 0 })
}

/** A model's plan with its bases as whoever gets the model may find them. */
function named({ encoders, llm, ...rest }: ModelPlan, bases: BaseRecords | undefined): ModelPlan {
  return {
    encoders: encoders.map((planned) => {
      const base = bases?.encoders?.[planned.name]
      return base && 'from' in planned.encoder
        ? { ...planned, encoder: { ...planned.encoder, from: base.name } }
        : planned
    }),
    ...rest,
    llm: bases?.llm && 'from' in llm ? { ...llm, from: bases.llm.name } : llm,
  }
}
