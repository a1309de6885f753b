import { join } from 'node:path'
import { FeatureStore } from '../features/feature-store.js'
import { type ResolvedPlan, resolvePlan } from '../model/bases/resolve-plan.js'
import { onAnyRank, rankZeroFirst, solitary } from '../parallel/ranks.js'
import { alone } from '../run-lock.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { Runtime } from '../runtime/runtime.js'
import { withSystem } from '../text/chat.js'
import { DrawFailure } from './batches.js'
import { beginRun, partsOf, type Run } from './begin-run.js'
import type { Progress } from './checkpoint.js'
import { StageFeatures, type StageFeaturesOptions } from './features.js'
import { expectTeachable, openMaterial } from './material.js'
import { objective } from './objective.js'
import type { BatchPlan, LoadedRecipe } from './recipe/recipe.js'
import { RunKeeper } from './run-keeper.js'
import type { RunOptions, TrainOptions } from './run-options.js'
import { asDrawn } from './sources.js'
import type { TimedStage } from './timed-stage.js'
import { stageConfig } from './trained-parts.js'
import { runStage } from './trainer.js'

export interface TrainResult {
  /** False when the signal stopped it; the same call goes on from there. */
  readonly finished: boolean
  readonly folder: string
  /** Where the trained model is, when finished. */
  readonly model: string
}

/**
 * Trains a model from a recipe, all stages, in a folder of its own: `checkpoint.safetensors` (all that is needed
 * to go on), `training.json` and `recipe.yaml` (what it is made by), `metrics.jsonl` (a line each step), the model after each
 * stage under `stages/`, and in the end `model/`. A folder that holds a run is resumed, and one that this call has made goes
 * again if it fails before anything is written. Of several ranks each needs the folder; all stop after the same step.
 * @throws PalError also for a folder in which another process trains
 */
export async function train(loaded: LoadedRecipe, options: TrainOptions): Promise<TrainResult> {
  const { recipe } = loaded
  const whole: RunOptions = { ranks: solitary, onEvent: () => undefined, ...options }
  const { folder, ranks, onEvent } = whole
  const plan = await rankZeroFirst(ranks, () =>
    resolvePlan(recipe.model, {
      onProgress: (done, total) => onEvent({ kind: 'converting', done, total }),
    }),
  )
  const { config, bases } = plan
  if (bases.llm) expectTeachable(withSystem(bases.llm.tokenizer(), config.system))
  for (const [part, { name, sha256 }] of partsOf(plan)) onEvent({ kind: 'base', part, name, sha256 })
  const run = () => trainPlan(loaded, plan, whole)
  return ranks.rank === 0 ? alone(folder, run) : run()
}

async function trainPlan(
  loaded: LoadedRecipe,
  plan: ResolvedPlan,
  options: RunOptions,
): Promise<TrainResult> {
  const { folder, onEvent } = options
  const material = await openMaterial(loaded, plan, options)
  const run = await beginRun(loaded, plan, material, options)
  const keeper = await RunKeeper.open(run, options)
  const finished = await trainStages(run, keeper, options)
  const model = join(folder, 'model')
  if (finished) {
    await keeper.saveModel(model)
    onEvent({ kind: 'saved', folder: model, peakMemoryMiB: peakMemoryMiB() })
  }
  return { finished, folder, model }
}

/** @returns whether all of them are done: not if the signal came */
async function trainStages(run: Run, keeper: RunKeeper, options: RunOptions): Promise<boolean> {
  const { featureCacheGiB } = run.loaded.recipe
  const { provider, threads, ranks, onEvent } = options
  const runtime = await Runtime.start({
    ...(provider ? { provider } : {}),
    ...(threads ? { threads } : {}),
  })
  let store: FeatureStore | undefined
  const openStore = async () => {
    if (store) return store
    store = await FeatureStore.open({
      maximumBytes: featureCacheGiB * 2 ** 30,
      onWarning: (message) => onEvent({ kind: 'warning', message }),
    })
    onEvent({ kind: 'features', file: store.file })
    return store
  }
  const computing = { runtime, ...(featureCacheGiB > 0 && { openStore }) }
  try {
    while (keeper.progress.stage < run.stages.length) {
      if (!(await trainStage(run, keeper, computing, options))) return false
    }
    return true
  } catch (error) {
    if (!(error instanceof DrawFailure)) throw error
    // Of several ranks the others know nothing of it: they would wait here for ever.
    if (keeper.progress.step > 0 && ranks.size === 1) await keeper.saveCheckpoint()
    throw error.cause
  } finally {
    store?.close()
    await runtime.close()
  }
}

/** The stage that the run has come to, from the step that it has come to. @returns whether it is done: not if the signal came */
async function trainStage(
  { loaded: { recipe }, plan, weights, optimizer, average, stages, sourceOf, tokenizer, labels }: Run,
  keeper: RunKeeper,
  computing: Pick<StageFeaturesOptions, 'runtime' | 'openStore'>,
  { ranks, signal, onEvent }: RunOptions,
): Promise<boolean> {
  const { stage: index, step: from } = keeper.progress
  const stage = stages[index]!
  const heard = stageConfig(plan.config, weights.sizes, stage)
  const shared = { config: heard, stage, parameters: weights.own, frozen: weights.frozen }
  const features = new StageFeatures({ ...shared, ...computing })
  const steps = {
    ...{ ...shared, features, optimizer, ranks, runtime: computing.runtime, seed: recipe.seed },
    sourceOf: (plan: BatchPlan) => sourceOf(asDrawn(plan, stage), stage.hears),
    objective: objective(stage.objective, heard, tokenizer, labels),
    isKept: () => keeper.isKept,
  }
  // What a stage begins to train has no history; the rest starts afresh with it.
  if (from === 0) {
    optimizer.reset()
    average?.restart(weights.own.flat)
  }
  const { emaDecay } = stage
  for await (const report of runStage(steps, from)) {
    if (emaDecay !== undefined) average!.add(weights.own.flat, emaDecay)
    await keeper.keepStep(report)
    const stepsDone = stepsBefore(stages, keeper.progress)
    onEvent({ kind: 'step', report, stepsDone, stepsTotal: totalSteps(stages) })
    if (await onAnyRank(ranks, signal?.aborted ?? false)) {
      await keeper.saveCheckpoint()
      return false
    }
    if (report.step % recipe.saveEvery === 0) await keeper.saveCheckpoint()
  }
  if (features.counts) onEvent({ kind: 'featuresUsed', stage: stage.name, ...features.counts })
  await features.release()
  if (emaDecay !== undefined) weights.own.flat.set(average!.flat)
  await keeper.keepStage()
  return true
}

function stepsBefore(stages: readonly TimedStage[], { stage, step }: Progress): number {
  return totalSteps(stages.slice(0, stage)) + step
}

function totalSteps(stages: readonly TimedStage[]): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0)
}
