import { setImmediate } from 'node:timers/promises'
import { PalError } from '../errors.js'
import { matcher } from '../patterns.js'
import type { Arena } from '../runtime/arena.js'
import { ProgramCache } from '../runtime/program-cache.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import { type AdamW, gradientNorm, type ParameterGroup } from './adamw.js'
import type { Batch } from './batch.js'
import { Batches, type BatchesOptions } from './batches.js'
import type { StageFeatures } from './features.js'
import type { Stage } from './recipe/recipe.js'
import { learningRateAt } from './schedule.js'
import { type StepTotals, sumOverRanks } from './sum-over-ranks.js'
import { trainedBy } from './trained-parts.js'
import type { AudioShape } from './training-graph.js'

/** What one step did, as it is shown and logged. */
export interface StepReport {
  readonly stage: string
  /** Counted from 1, within the stage. */
  readonly step: number
  /**
   * What is made small. `answers`: the mean negative log-likelihood of an answer's token, in nats. `labels`, `timeline`: that of
   * a label, and of its places, summed over classifiers and encoders. `words`: the squared distance of a sound's tokens from
   * its words, relative to these, summed over encoders. Only encoders that the stage trains count.
   */
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly milliseconds: number
  readonly audios: number
  /** Seconds of audio. */
  readonly seconds: number
  /** An answer's tokens, or sounds. */
  readonly learnt: number
}

export interface StageOptions extends BatchesOptions {
  readonly runtime: Runtime
  readonly parameters: Arena
  /** Weights that are not among the parameters: mapped from their files. */
  readonly frozen: (name: string) => WeightSource | undefined
  readonly optimizer: AdamW
  /** Where what frozen encoders make comes from; without, they are a part of every step. */
  readonly features?: StageFeatures
  /** Whether there is a checkpoint yet, for messages. @default not known to be */
  readonly isKept?: () => boolean
}

/**
 * One stage of training, a step at a time: `for await (const report of runStage(options, from))`. Nothing but the
 * parameters and the optimiser carries over from one step to the next, so a run that is resumed at step `from`
 * goes on as if it had never stopped. Of several ranks, each takes every so many-th micro-batch: together they do what
 * one process does whose `accumulate` is that many times as large.
 *
 * @throws PalError when the loss is not a number, naming the batch; the parameters are those of the step before
 * @throws DrawFailure when a batch cannot be drawn, after the step before has been told; the parameters are that one's
 */
export async function* runStage(options: StageOptions, from: number): AsyncGenerator<StepReport, void, void> {
  const { stage, parameters, optimizer, ranks } = options
  const programs = new Programs(options)
  const batches = new Batches(options, from)
  try {
    const batchesInStep = stage.accumulate * ranks.size
    for (let step = from; step < stage.steps; step++) {
      const start = performance.now()
      const own = new Map<string, Float32Array>()
      const done: StepTotals = { loss: 0, audios: 0, seconds: 0, learnt: 0 }
      for (let part = 0; part < stage.accumulate; part++) {
        const batch = batches.take()
        // Once the runtime's thread has the batch and computes, this one draws what comes next.
        const drawing = setImmediate().then(() => batches.drawAhead())
        const [{ loss, gradients }] = await Promise.all([programs.run(batch), drawing])
        if (!Number.isFinite(loss)) throw notFinite(options, step, batch, loss)
        accumulate(own, gradients)
        done.loss += loss / batchesInStep
        done.audios += batch.shape.audios
        done.seconds += batch.seconds
        done.learnt += batch.learnt
      }
      const { gradients: total, totals } = await sumOverRanks(ranks, own, done)
      const norm = gradientNorm(total.values()) / batchesInStep
      if (!Number.isFinite(norm)) throw notFinite(options, step, undefined, norm)
      const learningRate = learningRateAt(stage, step)
      const scale = Math.min(1, stage.clip / norm) / batchesInStep
      optimizer.update(parameters.flat, groups(parameters, total, stage, learningRate), scale)
      const milliseconds = performance.now() - start
      yield { stage: stage.name, step: step + 1, gradientNorm: norm, learningRate, milliseconds, ...totals }
    }
  } finally {
    await programs.release()
  }
}

interface CompiledStep extends Pick<Program, 'release'> {
  readonly program: Program
  /** The parameters that it has gradients of. */
  readonly names: readonly string[]
}

/** Compiled programs for the shapes of batches that come up. */
class Programs {
  readonly #options: StageOptions
  /** Those that take turns hold some 50 MB each for a language model of 30 layers, whose weights are mapped. */
  readonly #compiled = new ProgramCache<CompiledStep>({ most: 10 })

  constructor(options: StageOptions) {
    this.#options = options
  }

  async run(batch: Batch): Promise<{ loss: number; gradients: ReadonlyMap<string, Float32Array> }> {
    const { shape, feeds } = (await this.#options.features?.fill(batch)) ?? batch
    return this.#compiled.use(
      Object.values(shape).join(),
      ({ keepsMemory }) => this.#compile(shape, keepsMemory),
      async ({ program, names }) => {
        const { outputs } = await program.run(feeds, this.#options.parameters)
        const gradients = new Map(
          names.map((name) => [name, outputs[gradientOf(name)]?.data as Float32Array]),
        )
        return { loss: Number(outputs.loss?.data[0]), gradients }
      },
    )
  }

  release(): Promise<void> {
    return this.#compiled.release()
  }

  async #compile(shape: AudioShape, keepsMemory: boolean): Promise<CompiledStep> {
    const { objective, stage, runtime, frozen } = this.#options
    const { loss, gradients } = objective.graph(shape, {
      trained: trainedBy(stage.trained),
      checkpointing: stage.checkpointing,
      hideFeatures: stage.specAugment !== undefined,
    })
    const outputs = Object.fromEntries([...gradients].map(([name, tensor]) => [gradientOf(name), tensor]))
    const program = await runtime.compile(
      { loss, ...outputs },
      { purpose: 'training', keepsMemory, weights: frozen },
    )
    return { program, names: [...gradients.keys()], release: () => program.release() }
  }
}

function gradientOf(parameter: string): string {
  return `gradient of ${parameter}`
}

function accumulate(total: Map<string, Float32Array>, gradients: ReadonlyMap<string, Float32Array>): void {
  for (const [name, gradient] of gradients) {
    const sofar = total.get(name)
    if (sofar) for (let i = 0; i < sofar.length; i++) sofar[i]! += gradient[i]!
    else total.set(name, gradient)
  }
}

/** Gains, biases, gates and learned queries are not decayed: decay is for matrices that multiply. */
function groups(
  parameters: Arena,
  gradients: ReadonlyMap<string, Float32Array>,
  { learningRate: usual, learningRates = {}, weightDecay }: Stage,
  learningRate: number,
): readonly ParameterGroup[] {
  const others = Object.entries(learningRates).map(([pattern, rate]) => ({ fits: matcher([pattern]), rate }))
  return [...gradients].map(([name, gradient]) => {
    const own = others.find(({ fits }) => fits(name))
    const entry = parameters.entries.get(name)
    if (!entry) throw new Error(`no parameter named "${name}"`)
    const decayed = entry.shape.length > 1 && name.endsWith('.weight')
    return {
      offset: entry.offset,
      length: entry.length,
      gradient,
      learningRate: own ? (learningRate * own.rate) / usual : learningRate,
      weightDecay: decayed ? weightDecay : 0,
    }
  })
}

function notFinite(
  { stage, isKept }: StageOptions,
  step: number,
  batch: Batch | undefined,
  value: number,
): PalError {
  const what = batch
    ? `a batch of ${batch.shape.audios} audios (${batch.seconds.toFixed(1)} s)`
    : 'its gradients'
  return new PalError(
    `expected a finite loss, got ${value} at step ${step + 1} of stage "${stage.name}", ${what}`,
    {
      hint: `${isKept?.() ? 'The last checkpoint is kept. ' : ''}Lower the learning rate, or look at the data with \`pal data check\`.`,
    },
  )
}
