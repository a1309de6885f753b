import { createHash } from 'node:crypto'
import { groupBy } from '../group-by.js'
import { baseOf } from '../model/bases/bases.js'
import type { ResolvedPlan } from '../model/bases/resolve-plan.js'
import { modelParameters } from '../model/network/parameters.js'
import type { Ranks } from '../parallel/ranks.js'
import { AdamW } from './adamw.js'
import { changedSettings } from './changed-settings.js'
import { loadCheckpoint, type Progress, type RunIdentity, type RunState } from './checkpoint.js'
import { dataIdentity, drawnSets } from './data-identity.js'
import { expectImaginable } from './imagined.js'
import { countInherited, type TakenOver } from './inherited.js'
import type { Material } from './material.js'
import { inheritedIn, type Origin, stageOrigin } from './origin.js'
import { fillWords, type RunWeights, startingWeights } from './parameters.js'
import type { LoadedRecipe, Recipe } from './recipe/recipe.js'
import type { RunOptions } from './run-options.js'
import { startFrom } from './start.js'
import { startFolder } from './start-folder.js'
import { type TimedStage, timed } from './timed-stage.js'
import {
  expectLoraTrained,
  expectRates,
  expectRoundedKept,
  expectTrained,
  partOf,
  trainedByAny,
} from './trained-parts.js'
import { WeightAverage } from './weight-average.js'
import { expectWithinWindows } from './windows.js'

/** A run before its first step, or where it was stopped. */
export interface Run extends Material, Pick<RunState, 'optimizer' | 'average'> {
  readonly loaded: LoadedRecipe
  readonly plan: ResolvedPlan
  readonly weights: RunWeights
  readonly identity: RunIdentity
  readonly stages: readonly TimedStage[]
  readonly origin: Origin
  readonly begun: Progress
}

/**
 * The weights of a run, and all else that changes while it trains: as its checkpoint has them, or as they are drawn and taken over.
 * @throws PalError for stages that would be of no use, and for a folder with the run of another recipe or other data
 */
export async function beginRun(
  loaded: LoadedRecipe,
  plan: ResolvedPlan,
  material: Material,
  { folder, ranks, onEvent }: RunOptions,
): Promise<Run> {
  const { recipe } = loaded
  const { config } = plan
  const weights = await drawWeights(recipe, plan, material.labels)
  const size = weights.own.flat.length
  const optimizer = new AdamW(size)
  const isAveraged = recipe.stages.some(({ emaDecay }) => emaDecay !== undefined)
  const average = isAveraged ? new WeightAverage(size) : undefined
  const identity = {
    recipe: identityOf(recipe, plan, ranks),
    data: dataIdentity(recipe, material.data),
    ranks: ranks.size,
  }
  const state = { parameters: weights.own, optimizer, average }
  const changed = () => changedSettings(folder, recipe, plan.records)
  const resumed = await loadCheckpoint(folder, state, identity, changed)
  // A run that was begun with longer batches, as older ones could be, goes on with them.
  if (!resumed) expectWithinWindows(config, weights.sizes, recipe.stages)
  const stages = recipe.stages.map((stage) => timed(stage, material.sourceOf, ranks))
  const taken = resumed ? undefined : await takeOver(loaded, plan, weights)
  if (!resumed) await fillWords(weights, config, material.tokenizer, taken)
  const origin: Origin = {
    bases: plan.records,
    inherited:
      resumed && recipe.start
        ? await inheritedIn(folder)
        : countInherited(weights.sizes, weights.ofBase, recipe.stages, taken),
    stages: stages.map((stage) => stageOrigin(stage, weights.sizes)),
  }
  const { inherited } = origin
  onEvent({ kind: 'parameters', ...(inherited && { inherited }), stages: origin.stages })
  if (taken && taken.left.length > 0) onEvent({ kind: 'warning', message: leftBehind(taken) })
  if (resumed) {
    const stage = recipe.stages[resumed.stage]?.name
    onEvent({ kind: 'resumed', stage: stage ?? 'end', step: resumed.step, finished: stage === undefined })
  }
  const begun = resumed ?? { stage: 0, step: 0 }
  return { ...material, loaded, plan, weights, optimizer, average, identity, stages, origin, begun }
}

/** The weights before the first step, of which the stages are found to be of use. */
async function drawWeights(
  recipe: Recipe,
  { config, bases, records, bits }: ResolvedPlan,
  labels: readonly string[],
): Promise<RunWeights> {
  if (bits) expectRoundedKept(modelParameters(config).keys(), recipe.stages, bits)
  const isTrained = trainedByAny(recipe.stages)
  const weights = await startingWeights(config, bases, {
    seed: recipe.seed,
    labels,
    isOwn: (name) => isTrained(name) || baseOf(records, name) === undefined,
  })
  const { sizes } = weights
  expectTrained(sizes, recipe.stages)
  expectRates(sizes, recipe.stages)
  if (!recipe.start) expectLoraTrained(sizes, recipe.stages)
  expectImaginable(sizes, recipe)
  return weights
}

/** Gives the weights of the model that the recipe starts from to those that the recipe names. */
async function takeOver(
  loaded: LoadedRecipe,
  { config, records }: ResolvedPlan,
  weights: RunWeights,
): Promise<TakenOver | undefined> {
  const { start } = loaded.recipe
  if (!start) return undefined
  const { model, parameters } = start
  return startFrom(startFolder(loaded, model), parameters, weights, { bases: records, config })
}

/** Part by part: somebody who has given the model another connector, or has misspelt a name, sees it here. */
function leftBehind({ model, left }: TakenOver): string {
  const parts = [...groupBy(left, partOf)].map(([part, { length }]) => `${part} (${length})`)
  return `weights of ${model} that \`start.parameters\` names have no place in this model and are left behind: ${parts.join(', ')}`
}

/**
 * What must be the same for a run to go on: everything that shapes the weights. How many micro-batches a step has is
 * part of it, how many ranks they are dealt out to is not; that encoder outputs are kept is, how many is not.
 */
function identityOf(recipe: Recipe, plan: ResolvedPlan, { size }: Ranks): string {
  const { output: _, saveEvery: __, dtype: ___, compare: ____, featureCacheGiB, data, ...rest } = recipe
  const stages = rest.stages.map((stage) => ({ ...stage, accumulate: stage.accumulate * size }))
  const bases = plan.records && partsOf(plan).map(([part, { sha256 }]) => [part, sha256])
  const parts = { model: plan.config, sets: drawnSets(data.sets), ...(bases && { bases }) }
  const encoding = featureCacheGiB === 0 ? { features: 'within steps' } : {}
  return createHash('sha256')
    .update(JSON.stringify({ ...rest, stages, ...parts, ...encoding }))
    .digest('hex')
}

/** The pretrained models that a plan is built on, by what they are called where they are told. */
export function partsOf({ records, bits }: ResolvedPlan) {
  const encoders = Object.entries(records?.encoders ?? {})
  const languageModel = bits ? `language model, rounded to ${bits} bits` : 'language model'
  return [
    ...encoders.map(([name, record]) => [`encoder ${name}`, record] as const),
    ...(records?.llm ? [[languageModel, records.llm] as const] : []),
  ]
}
