import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Source } from '../data/source.js'
import type { ModelConfig } from '../model/config.js'
import { saveModel } from '../model/model-folder.js'
import { Random } from '../random.js'
import { Arena } from '../runtime/arena.js'
import { Runtime } from '../runtime/runtime.js'
import type { ChatTokenizer } from '../text/chat.js'
import { defaultChat } from '../text/default-chat.js'
import { openTokenizer } from '../text/open-tokenizer.js'
import { writeTokenizer } from '../text/tokenizer-json.js'
import { trainTokenizer } from '../text/train-tokenizer.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { AdamW } from './adamw.js'
import { loadCheckpoint, type Progress, saveCheckpoint } from './checkpoint.js'
import { sampleRateOf } from './collate.js'
import { initialise } from './initialise.js'
import type { BatchPlan, LoadedRecipe } from './recipe.js'
import { loadSets, openSources } from './sources.js'
import { matcher, runStage, type StepReport } from './trainer.js'
import { trainingGraph } from './training-graph.js'

export interface TrainOptions {
  /** The folder that the run is kept in. */
  readonly folder: string
  readonly provider?: string
  readonly threads?: number
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: TrainEvent) => void
}

export type TrainEvent =
  | { readonly kind: 'decoding'; readonly set: string; readonly done: number; readonly total: number }
  | { readonly kind: 'parameters'; readonly stage: string; readonly trained: number; readonly total: number }
  | { readonly kind: 'resumed'; readonly stage: string; readonly step: number }
  | {
      readonly kind: 'step'
      readonly report: StepReport
      readonly stepsDone: number
      readonly stepsTotal: number
    }
  | { readonly kind: 'saved'; readonly folder: string }

export interface TrainResult {
  /** False when the signal stopped it; the same call goes on from there. */
  readonly finished: boolean
  readonly folder: string
  /** Where the trained model is, when finished. */
  readonly model: string
}

/**
 * Trains a model from a recipe, all stages, in a folder of its own: `checkpoint.safetensors` (all that is needed
 * to go on), `metrics.jsonl` (a line each step) and, in the end, `model/`. A folder that holds a run is resumed.
 */
export async function train(loaded: LoadedRecipe, options: TrainOptions): Promise<TrainResult> {
  const { recipe } = loaded
  const { folder, signal, onEvent = () => undefined } = options
  const config: ModelConfig = recipe.model
  const sampleRate = sampleRateOf(config)
  await mkdir(folder, { recursive: true })

  const sets = await loadSets(recipe, 'train', sampleRate, (set, done, total) =>
    onEvent({ kind: 'decoding', set, done, total }),
  )
  const sourceOf = await openSources(loaded, sets, sampleRate)
  const plans = recipe.stages.flatMap(({ batches }) => batches)
  const tokenizer = await tokenizerOf(folder, config, recipe.seed, plans, sourceOf)

  const { parameters, sizes } = freshParameters(config, recipe.seed)
  const optimizer = new AdamW(parameters.flat.length)
  const identity = identityOf(recipe)
  const resumed = await loadCheckpoint(folder, parameters, optimizer, identity)
  let progress: Progress = resumed ?? { stage: 0, step: 0 }
  if (resumed)
    onEvent({ kind: 'resumed', stage: recipe.stages[resumed.stage]?.name ?? 'end', step: resumed.step })
  const metrics = await openMetrics(folder, stepsBefore(recipe.stages, progress))

  const runtime = await Runtime.start({
    ...(options.provider ? { provider: options.provider } : {}),
    ...(options.threads ? { threads: options.threads } : {}),
  })
  const save = () => saveCheckpoint(folder, parameters, optimizer, progress, identity)
  try {
    for (const [index, stage] of recipe.stages.entries()) {
      if (index < progress.stage) continue
      const isTrained = matcher(stage.trained)
      const trained = [...sizes].reduce((sum, [name, size]) => sum + (isTrained(name) ? size : 0), 0)
      onEvent({ kind: 'parameters', stage: stage.name, trained, total: parameters.flat.length })
      const steps = { config, stage, seed: recipe.seed, sourceOf, tokenizer, runtime, parameters, optimizer }
      const from = index === progress.stage ? progress.step : 0
      for await (const report of runStage(steps, from)) {
        progress = { stage: index, step: report.step }
        await metrics(report)
        const stepsDone = stepsBefore(recipe.stages, progress)
        onEvent({ kind: 'step', report, stepsDone, stepsTotal: totalSteps(recipe.stages) })
        if (signal?.aborted) {
          await save()
          return { finished: false, folder, model: join(folder, 'model') }
        }
        if (report.step % recipe.saveEvery === 0) await save()
      }
      progress = { stage: index + 1, step: 0 }
      await save()
    }
  } finally {
    await runtime.close()
  }

  const model = join(folder, 'model')
  await saveModel(model, {
    config: {
      name: recipe.name,
      sampleRate,
      trainedSeconds: Math.max(...plans.map(({ seconds }) => seconds)),
      model: config,
    },
    parameters: [...parameters.entries.values()].map(({ name, shape }) => ({
      name,
      shape,
      data: parameters.get(name),
    })),
    tokenizerFolder: join(folder, 'tokenizer'),
    dtype: recipe.dtype,
  })
  onEvent({ kind: 'saved', folder: model })
  return { finished: true, folder, model }
}

/** All parameters of a model, freshly drawn. */
export function freshParameters(
  config: ModelConfig,
  seed: number,
): { parameters: Arena; sizes: ReadonlyMap<string, number> } {
  const least = { audios: 1, samples: leastSamples(config), rows: 1, textLength: 1, learnt: 1 }
  const { loss, initials } = trainingGraph(config, least, { trained: () => true })
  const shapes = [...loss.graph.parameters].map(([name, { shape }]) => ({
    name,
    shape: shape as readonly number[],
  }))
  const parameters = new Arena(shapes)
  for (const [name, initial] of initials) initialise(parameters.get(name), name, initial, seed)
  return {
    parameters,
    sizes: new Map([...parameters.entries.values()].map(({ name, length }) => [name, length])),
  }
}

function leastSamples({ encoders }: ModelConfig): number {
  return Math.max(...encoders.map(({ encoder }) => encoder.hopSize * encoder.strideFrames))
}

/** The run's tokenizer: trained once, on what the sources ask and answer. */
async function tokenizerOf(
  folder: string,
  { llm }: ModelConfig,
  seed: number,
  plans: readonly BatchPlan[],
  sourceOf: (plan: BatchPlan) => Source,
): Promise<ChatTokenizer> {
  const path = join(folder, 'tokenizer')
  if (!existsSync(join(path, 'tokenizer_config.json'))) {
    const texts: string[] = []
    for (const [i, plan] of plans.entries()) {
      const source = sourceOf(plan)
      for (let draw = 0; draw < TOKENIZER_DRAWS; draw++) {
        const { turns } = source.drawWithin(new Random(seed, 'tokenizer', i, draw), plan.seconds)
        for (const { question, answer } of turns) texts.push(question, answer)
      }
    }
    const trained = trainTokenizer(texts, {
      vocabularySize: llm.vocabularySize,
      specialTokens: defaultChat.specialTokens,
    })
    await writeTokenizer(path, trained, {
      chatTemplate: defaultChat.template,
      endToken: defaultChat.endToken,
    })
  }
  return openTokenizer(path)
}

const TOKENIZER_DRAWS = 1000

/** What must be the same for a run to go on: everything that shapes the weights. */
function identityOf(recipe: LoadedRecipe['recipe']): string {
  const { output: _, saveEvery: __, dtype: ___, data, ...rest } = recipe
  return createHash('sha256')
    .update(JSON.stringify({ ...rest, sets: data.sets }))
    .digest('hex')
}

function stepsBefore(stages: LoadedRecipe['recipe']['stages'], { stage, step }: Progress): number {
  return totalSteps(stages.slice(0, stage)) + step
}

function totalSteps(stages: LoadedRecipe['recipe']['stages']): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0)
}

/** Appends to `metrics.jsonl`; what a resumed run will do again is cut off first. */
async function openMetrics(folder: string, kept: number): Promise<(report: StepReport) => Promise<void>> {
  const path = join(folder, 'metrics.jsonl')
  const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n').slice(0, kept) : []
  await writeAtomically(path, lines.map((line) => `${line}\n`).join(''))
  return (report) => appendFile(path, `${JSON.stringify(report)}\n`)
}
