import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { backgroundLabels } from '../data/scenes/background.js'
import { FeatureStore } from '../features/feature-store.js'
import { baseOf } from '../model/bases/bases.js'
import { type ResolvedPlan, resolvePlan } from '../model/bases/resolve-plan.js'
import { modelParameters } from '../model/network/parameters.js'
import { saveModel } from '../model/stored/model-folder.js'
import { onAnyRank, type Ranks, rankZeroFirst, solitary } from '../parallel/ranks.js'
import type { Arena } from '../runtime/arena.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { Runtime } from '../runtime/runtime.js'
import { type ChatMessage, type ChatTokenizer, withSystem } from '../text/chat.js'
import { BLOCK_SIZE } from '../weights/blocks.js'
import { AdamW } from './adamw.js'
import { DrawFailure } from './batches.js'
import { loadCheckpoint, type Progress, saveCheckpoint } from './checkpoint.js'
import { dataIdentity, drawnSets } from './data-identity.js'
import { StageFeatures } from './features.js'
import { expectImaginable } from './imagined.js'
import { countInherited, type Inherited, type TakenOver } from './inherited.js'
import { HEAD_PREFIX } from './labels.js'
import { openMetrics } from './metrics.js'
import { objective } from './objective.js'
import { inheritedIn, type Origin, type StageOrigin, saveOrigin, stageOrigin } from './origin.js'
import { fillWords, type RunWeights, startingWeights } from './parameters.js'
import type { BatchPlan, LoadedRecipe, Recipe } from './recipe/recipe.js'
import { alone } from './run-lock.js'
import { sampleRateOf } from './sample-rate.js'
import { asDrawn, type LoadedSets, loadManifests, loadSets, openSources } from './sources.js'
import { startFrom } from './start.js'
import { expectSame } from './sum-over-ranks.js'
import { type TimedStage, timed } from './timed-stage.js'
import { ownTokenizer } from './tokenizer.js'
import {
  expectLoraTrained,
  expectRates,
  expectRoundedKept,
  expectTrained,
  stageConfig,
  trainedByAny,
} from './trained-parts.js'
import { runStage, type StepReport } from './trainer.js'

export interface TrainOptions {
  /** The folder that the run is kept in. */
  readonly folder: string
  readonly provider?: string
  readonly threads?: number
  /** The processes that train together, all called alike. Rank 0 writes the run. @default this one alone */
  readonly ranks?: Ranks
  /** Stops after the step under way, with a checkpoint; while recordings are decoded, by throwing its reason. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: TrainEvent) => void
}

export type TrainEvent =
  | { readonly kind: 'converting'; readonly done: number; readonly total: number }
  | { readonly kind: 'base'; readonly part: string; readonly name: string; readonly sha256: string }
  | { readonly kind: 'decoding'; readonly set: string; readonly done: number; readonly total: number }
  /** Once, before the first step: where the numbers come from, if that is known, and what of them each stage trains. */
  | {
      readonly kind: 'parameters'
      readonly inherited?: Inherited
      readonly stages: readonly StageOrigin[]
    }
  | { readonly kind: 'resumed'; readonly stage: string; readonly step: number }
  /** From here on, encoder outputs are kept. */
  | { readonly kind: 'features'; readonly file: string }
  /** How many of a stage's encoder outputs had been kept. */
  | {
      readonly kind: 'featuresUsed'
      readonly stage: string
      readonly found: number
      readonly computed: number
    }
  | { readonly kind: 'warning'; readonly message: string }
  | {
      readonly kind: 'step'
      readonly report: StepReport
      readonly stepsDone: number
      readonly stepsTotal: number
    }
  | { readonly kind: 'saved'; readonly folder: string; readonly peakMemoryMiB: number }

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
  const { folder, ranks = solitary, onEvent = () => undefined } = options
  const plan = await rankZeroFirst(ranks, () =>
    resolvePlan(recipe.model, {
      onProgress: (done, total) => onEvent({ kind: 'converting', done, total }),
    }),
  )
  const { config, bases } = plan
  if (bases.llm) expectTeachable(withSystem(bases.llm.tokenizer, config.system))
  for (const [part, { name, sha256 }] of partsOf(plan)) onEvent({ kind: 'base', part, name, sha256 })
  const run = () => trainPlan(loaded, plan, options)
  return ranks.rank === 0 ? alone(folder, run) : run()
}

async function trainPlan(
  loaded: LoadedRecipe,
  plan: ResolvedPlan,
  options: TrainOptions,
): Promise<TrainResult> {
  const { recipe } = loaded
  const { config, bases, records } = plan
  const { folder, ranks = solitary, signal, onEvent = () => undefined } = options
  const writes = ranks.rank === 0
  const onWarning = (message: string) => onEvent({ kind: 'warning', message })
  const sampleRate = sampleRateOf(config)
  const manifests = await loadManifests(loaded)
  const sets = await loadSets(recipe, 'all', sampleRate, {
    onProgress: (set, done, total) => onEvent({ kind: 'decoding', set, done, total }),
    onWarning,
    signal,
  })
  const data = { sets, manifests }
  const chat = bases.llm && withSystem(bases.llm.tokenizer, config.system)
  const sourceOf = await openSources(loaded, data, config, {
    onWarning,
    ...(chat && { expectTeachable: (messages) => expectTeachable(chat, messages) }),
  })
  const tokenizer = withSystem(
    bases.llm?.tokenizer ??
      (await rankZeroFirst(ranks, () => ownTokenizer(folder, loaded, config.llm.vocabularySize, sourceOf))),
    config.system,
  )

  const labels = labelsOf(sets)
  if (plan.bits) expectRoundedKept(modelParameters(config).keys(), recipe.stages, plan.bits)
  const isTrained = trainedByAny(recipe.stages)
  const weights = await startingWeights(config, bases, {
    seed: recipe.seed,
    labels,
    isOwn: (name) => isTrained(name) || baseOf(records, name) === undefined,
  })
  const { own: parameters, frozen, sizes } = weights
  expectTrained(sizes, recipe.stages)
  expectRates(sizes, recipe.stages)
  if (!recipe.start) expectLoraTrained(sizes, recipe.stages)
  expectImaginable(sizes, recipe)
  const optimizer = new AdamW(parameters.flat.length)
  const identity = {
    recipe: identityOf(recipe, plan, ranks),
    data: dataIdentity(recipe, data),
    ranks: ranks.size,
  }
  const resumed = await loadCheckpoint(folder, parameters, optimizer, identity)
  const planned = recipe.stages.map((stage) => timed(stage, sourceOf, ranks))
  const taken = resumed ? undefined : await takeOver(loaded, plan, weights)
  if (!resumed) await fillWords(weights, config, tokenizer, taken)
  const origin: Origin = {
    bases: records,
    inherited:
      resumed && recipe.start
        ? await inheritedIn(folder)
        : countInherited(sizes, weights.ofBase, recipe.stages, taken),
    stages: planned.map((stage) => stageOrigin(stage, sizes)),
  }
  const { inherited, stages } = origin
  onEvent({ kind: 'parameters', ...(inherited && { inherited }), stages })
  let progress: Progress = resumed ?? { stage: 0, step: 0 }
  if (resumed) {
    onEvent({ kind: 'resumed', stage: recipe.stages[resumed.stage]?.name ?? 'end', step: resumed.step })
  }
  await expectSame(ranks, 'the start', { flat: parameters.flat, ...identity, ...progress })
  if (writes) await saveOrigin(folder, loaded, origin)
  const stageNames = recipe.stages.map(({ name }) => name)
  const metrics = writes ? await openMetrics(folder, stageNames, progress) : undefined

  const runtime = await Runtime.start({
    ...(options.provider ? { provider: options.provider } : {}),
    ...(options.threads ? { threads: options.threads } : {}),
  })
  const save = async () => {
    const { stage, step } = progress
    await expectSame(ranks, `step ${step} of stage ${stage + 1}`, { flat: parameters.flat, ...progress })
    if (writes) await saveCheckpoint(folder, parameters, optimizer, progress, identity)
  }
  const saveAs = async (path: string) => {
    if (!writes) return
    await saveTrained(path, recipe, plan, parameters, join(folder, 'tokenizer'))
    await saveOrigin(path, loaded, { ...origin, stages: stages.slice(0, progress.stage) })
  }
  const model = join(folder, 'model')
  let store: FeatureStore | undefined
  const openStore = async () => {
    if (store) return store
    store = await FeatureStore.open({ maximumBytes: recipe.featureCacheGiB * 2 ** 30, onWarning })
    onEvent({ kind: 'features', file: store.file })
    return store
  }
  try {
    for (const [index, stage] of planned.entries()) {
      if (index < progress.stage) continue
      const heard = stageConfig(config, sizes, stage)
      const features = new StageFeatures({
        ...{ config: heard, stage, runtime, parameters, frozen },
        ...(recipe.featureCacheGiB > 0 && { openStore }),
      })
      const steps = {
        config: heard,
        stage,
        seed: recipe.seed,
        sourceOf: (plan: BatchPlan) => sourceOf(asDrawn(plan, stage), stage.hears),
        objective: objective(stage.objective, heard, tokenizer, labels),
        runtime,
        parameters,
        frozen,
        optimizer,
        ranks,
        features,
      }
      const from = index === progress.stage ? progress.step : 0
      // What a stage begins to train has no history; the rest starts afresh with it.
      if (from === 0) optimizer.reset()
      for await (const report of runStage(steps, from)) {
        progress = { stage: index, step: report.step }
        await metrics?.(report)
        const stepsDone = stepsBefore(planned, progress)
        onEvent({ kind: 'step', report, stepsDone, stepsTotal: totalSteps(planned) })
        if (await onAnyRank(ranks, signal?.aborted ?? false)) {
          await save()
          return { finished: false, folder, model }
        }
        if (report.step % recipe.saveEvery === 0) await save()
      }
      if (features.counts) onEvent({ kind: 'featuresUsed', stage: stage.name, ...features.counts })
      await features.release()
      progress = { stage: index + 1, step: 0 }
      await saveAs(join(folder, 'stages', stage.name))
      await save()
    }
  } catch (error) {
    if (!(error instanceof DrawFailure)) throw error
    // Of several ranks the others know nothing of it: they would wait here for ever.
    if (progress.step > 0 && ranks.size === 1) await save()
    throw error.cause
  } finally {
    store?.close()
    await runtime.close()
  }
  await saveAs(model)
  onEvent({ kind: 'saved', folder: model, peakMemoryMiB: peakMemoryMiB() })
  return { finished: true, folder, model }
}

/** The model as it is now, without what only its training needed, and without what its bases give. */
async function saveTrained(
  folder: string,
  { name, stages, dtype }: Recipe,
  { config, records, bits }: ResolvedPlan,
  parameters: Arena,
  tokenizerFolder: string,
): Promise<void> {
  const seconds = stages.flatMap(({ batches }) => batches.map((batch) => batch.seconds))
  const kept = [...parameters.entries.values()].filter(({ name }) => !name.startsWith(HEAD_PREFIX))
  await saveModel(folder, {
    config: {
      name,
      sampleRate: sampleRateOf(config),
      trainedSeconds: Math.max(...seconds),
      model: config,
      ...(records && { bases: records }),
      ...(bits && { quantization: { bits, blockSize: BLOCK_SIZE } }),
    },
    parameters: kept.map(({ name, shape }) => ({ name, shape, data: parameters.get(name) })),
    tokenizerFolder: records?.llm ? undefined : tokenizerFolder,
    dtype,
  })
}

/** Gives the weights of the model that the recipe starts from to those that the recipe names. */
async function takeOver(
  { recipe, file }: LoadedRecipe,
  { config, records }: ResolvedPlan,
  weights: RunWeights,
): Promise<TakenOver | undefined> {
  if (!recipe.start) return undefined
  const { model, parameters } = recipe.start
  return startFrom(resolve(dirname(file), model), parameters, weights, { bases: records, lora: config.lora })
}

/** Says at once what the first batch would say. @throws PalError for a chat template that is missing or of no use */
function expectTeachable(tokenizer: ChatTokenizer, messages: readonly ChatMessage[] = ONE_QUESTION): void {
  tokenizer.chat(messages, { addGenerationPrompt: false })
}

const ONE_QUESTION: readonly ChatMessage[] = [
  { role: 'user', content: 'What do you hear?' },
  { role: 'assistant', content: 'A dog.' },
]

function partsOf({ records, bits }: ResolvedPlan) {
  const encoders = Object.entries(records?.encoders ?? {})
  const languageModel = bits ? `language model, rounded to ${bits} bits` : 'language model'
  return [
    ...encoders.map(([name, record]) => [`encoder ${name}`, record] as const),
    ...(records?.llm ? [[languageModel, records.llm] as const] : []),
  ]
}

/** Every label that may sound, in a fixed order. */
function labelsOf(sets: LoadedSets): readonly string[] {
  const labels = new Set([...sets.values()].flat().map(({ label }) => label))
  return labels.size === 0 ? [] : [...labels, ...backgroundLabels].sort()
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

function stepsBefore(stages: readonly TimedStage[], { stage, step }: Progress): number {
  return totalSteps(stages.slice(0, stage)) + step
}

function totalSteps(stages: readonly TimedStage[]): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0)
}
