import { join } from 'node:path'
import type { ResolvedPlan } from '../model/bases/resolve-plan.js'
import { saveModel } from '../model/stored/model-folder.js'
import type { Arena } from '../runtime/arena.js'
import { BLOCK_SIZE } from '../weights/blocks.js'
import type { Run } from './begin-run.js'
import { type Progress, saveCheckpoint } from './checkpoint.js'
import { HEAD_PREFIX } from './labels.js'
import { openMetrics } from './metrics.js'
import { saveOrigin } from './origin.js'
import type { Recipe } from './recipe/recipe.js'
import type { RunOptions } from './run-options.js'
import { sampleRateOf } from './sample-rate.js'
import { expectSame } from './sum-over-ranks.js'
import type { StepReport } from './trainer.js'

/** Keeps a run in its folder as it goes on. Rank 0 writes; the others are found to have come to the same. */
export class RunKeeper {
  readonly #run: Run
  readonly #options: RunOptions
  readonly #log: ((report: StepReport) => Promise<void>) | undefined
  #progress: Progress
  #isKept: boolean

  private constructor(run: Run, options: RunOptions, log?: (report: StepReport) => Promise<void>) {
    this.#run = run
    this.#options = options
    this.#log = log
    this.#progress = run.begun
    this.#isKept = run.begun.stage > 0 || run.begun.step > 0
  }

  /** Writes what the run is made by. @throws PalError if the ranks begin with different runs */
  static async open(run: Run, options: RunOptions): Promise<RunKeeper> {
    const { loaded, weights, identity, stages, origin, begun } = run
    const { folder, ranks } = options
    await expectSame(ranks, 'the start', { flat: weights.own.flat, ...identity, ...begun })
    if (ranks.rank > 0) return new RunKeeper(run, options)
    await saveOrigin(folder, loaded, origin)
    const names = stages.map(({ name }) => name)
    return new RunKeeper(run, options, await openMetrics(folder, names, begun))
  }

  /** How far the run has come. */
  get progress(): Progress {
    return this.#progress
  }

  /** Whether there is a checkpoint: of this process, or the one that is gone on from. */
  get isKept(): boolean {
    return this.#isKept
  }

  /** A step of the stage under way is done. */
  async keepStep(report: StepReport): Promise<void> {
    this.#progress = { ...this.#progress, step: report.step }
    await this.#log?.(report)
  }

  /** The stage under way is done: its model is kept beside the checkpoint. */
  async keepStage(): Promise<void> {
    const { stage } = this.#progress
    this.#progress = { stage: stage + 1, step: 0 }
    await this.saveModel(join(this.#options.folder, 'stages', this.#run.stages[stage]!.name))
    await this.saveCheckpoint()
  }

  async saveCheckpoint(): Promise<void> {
    const { weights, optimizer, average, identity } = this.#run
    const { folder, ranks } = this.#options
    const { stage, step } = this.#progress
    const at = `step ${step} of stage ${stage + 1}`
    await expectSame(ranks, at, { flat: weights.own.flat, ...this.#progress }, this.#isKept)
    const state = { parameters: weights.own, optimizer, average }
    if (ranks.rank === 0) await saveCheckpoint(folder, state, this.#progress, identity)
    this.#isKept = true
  }

  /** The model as it is now, with the stages that have made it. */
  async saveModel(path: string): Promise<void> {
    const { loaded, plan, weights, origin } = this.#run
    const { folder, ranks } = this.#options
    if (ranks.rank > 0) return
    await saveTrained(path, loaded.recipe, plan, weights.own, join(folder, 'tokenizer'))
    await saveOrigin(path, loaded, { ...origin, stages: origin.stages.slice(0, this.#progress.stage) })
  }
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
