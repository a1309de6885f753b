import type { Source } from '../data/source.js'
import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config.js'
import { commonSamples } from '../model/padded-samples.js'
import type { Ranks } from '../parallel/ranks.js'
import { matcher } from '../patterns.js'
import { Random } from '../random.js'
import type { Arena } from '../runtime/arena.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import { type AdamW, gradientNorm, type ParameterGroup } from './adamw.js'
import { type Batch, drawEncoder, type Hearing, sampleRateOf } from './collate.js'
import type { StageFeatures } from './features.js'
import type { Objective } from './objective.js'
import type { BatchPlan, Stage } from './recipe.js'
import { learningRateAt } from './schedule.js'
import { type StepTotals, sumOverRanks } from './sum-over-ranks.js'
import { trainedBy } from './trained-parts.js'
import type { AudioShape } from './training-graph.js'

/** What one step did, as it is shown and logged. */
export interface StepReport {
  readonly stage: string
  /** Counted from 1, within the stage. */
  readonly step: number
  /** Mean negative log-likelihood of what is learnt, an answer's token or a label, in nats. */
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly milliseconds: number
  readonly audios: number
  /** Seconds of audio. */
  readonly seconds: number
  /** Tokens, or labels. */
  readonly learnt: number
}

export interface StageOptions {
  readonly config: ModelConfig
  readonly stage: Stage
  /** Of the run; with the stage's name and the step it determines every draw. */
  readonly seed: number
  readonly sourceOf: (plan: BatchPlan) => Source
  readonly objective: Objective
  readonly runtime: Runtime
  readonly parameters: Arena
  /** Weights that are not among the parameters: mapped from their files. */
  readonly frozen: (name: string) => WeightSource | undefined
  readonly optimizer: AdamW
  /** Those that a step's micro-batches are dealt out to. */
  readonly ranks: Ranks
  /** Where what frozen encoders make comes from; without, they are a part of every step. */
  readonly features?: StageFeatures
}

/**
 * One stage of training, a step at a time: `for await (const report of runStage(options, from))`. Nothing but the
 * parameters and the optimiser carries over from one step to the next, so a run that is resumed at step `from`
 * goes on as if it had never stopped. Of several ranks, each takes every so many-th micro-batch: together they do what
 * one process does whose `accumulate` is that many times as large.
 *
 * @throws PalError when the loss is not a number, naming the batch; the parameters are those of the step before
 */
export async function* runStage(options: StageOptions, from: number): AsyncGenerator<StepReport, void, void> {
  const { stage, parameters, optimizer, ranks } = options
  const programs = new Programs(options)
  const batches = new Batches(options)
  try {
    const batchesInStep = stage.accumulate * ranks.size
    const numberOf = (step: number, part: number) => step * batchesInStep + part * ranks.size + ranks.rank
    let ahead = batches.draw(numberOf(from, 0))
    for (let step = from; step < stage.steps; step++) {
      const start = performance.now()
      const own = new Map<string, Float32Array>()
      const done: StepTotals = { loss: 0, audios: 0, seconds: 0, learnt: 0 }
      for (let part = 0; part < stage.accumulate; part++) {
        const batch = ahead
        const running = programs.run(batch)
        // While the runtime's thread computes, this one draws what comes next.
        ahead = batches.draw(numberOf(step, part + 1))
        const { loss, gradients } = await running
        if (!Number.isFinite(loss)) throw notFinite(stage, step, batch, loss)
        accumulate(own, gradients)
        done.loss += loss / batchesInStep
        done.audios += batch.shape.audios
        done.seconds += batch.seconds
        done.learnt += batch.learnt
      }
      const { gradients: total, totals } = await sumOverRanks(ranks, own, done)
      const norm = gradientNorm(total.values()) / batchesInStep
      if (!Number.isFinite(norm)) throw notFinite(stage, step, undefined, norm)
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

/** Batches as pure functions of their number in the stage. */
class Batches {
  readonly #options: StageOptions
  readonly #sources: ReadonlyMap<BatchPlan, Source>

  constructor(options: StageOptions) {
    this.#options = options
    this.#sources = new Map(options.stage.batches.map((plan) => [plan, options.sourceOf(plan)]))
  }

  draw(number: number): Batch {
    const { config, stage, seed, objective } = this.#options
    const random = new Random(seed, stage.name, number)
    const plan = random.weighted(stage.batches, ({ weight }) => weight)
    const source = this.#sources.get(plan) as Source
    const sampleRate = sampleRateOf(config)
    const samples = commonSamples(config.encoders, Math.round(plan.seconds * sampleRate))
    const draws = Array.from({ length: plan.audios }, (_, slot) =>
      source.drawWithin(new Random(seed, stage.name, number, slot), plan.seconds),
    )
    const hide = stage.specAugment && { settings: stage.specAugment, random }
    const hearing = draws.map((_, audio): Hearing => {
      const encoder = plan.misheard && drawEncoder(plan.misheard, random)
      if (encoder === undefined)
        return { unheard: stage.encoderDropout && drawEncoder(stage.encoderDropout, random) }
      return { misheard: { encoder, as: (audio + 1 + random.integer(plan.audios - 1)) % plan.audios } }
    })
    return objective.collate(draws, samples, hide, hearing)
  }
}

/** Those that take turns hold some 50 MB each for a language model of 30 layers, whose weights are mapped. */
const MOST_PROGRAMS = 10

interface CompiledStep {
  readonly program: Program
  /** The parameters that it has gradients of. */
  readonly names: readonly string[]
}

/**
 * Compiled programs for the shapes of batches that come up. While all batches have one shape, its program keeps the memory of a
 * step for the next; once there are several, none does.
 */
class Programs {
  readonly #options: StageOptions
  readonly #compiled = new Map<string, CompiledStep>()
  #takingTurns = false

  constructor(options: StageOptions) {
    this.#options = options
  }

  async run(batch: Batch): Promise<{ loss: number; gradients: ReadonlyMap<string, Float32Array> }> {
    const { shape, feeds } = (await this.#options.features?.fill(batch)) ?? batch
    const { program, names } = await this.#programFor(shape)
    const { outputs } = await program.run(feeds, this.#options.parameters)
    const gradients = new Map(names.map((name) => [name, outputs[gradientOf(name)]?.data as Float32Array]))
    return { loss: Number(outputs.loss?.data[0]), gradients }
  }

  async release(): Promise<void> {
    for (const { program } of this.#compiled.values()) await program.release()
    this.#compiled.clear()
  }

  async #programFor(shape: AudioShape): Promise<CompiledStep> {
    const key = Object.values(shape).join()
    const known = this.#compiled.get(key)
    this.#compiled.delete(key)
    if (!known) await this.#makeRoom()
    const compiled = known ?? (await this.#compile(shape))
    this.#compiled.set(key, compiled)
    return compiled
  }

  /** The first goes when a second comes, because it keeps its memory, and is compiled anew in its turn; later, that not used for longest. */
  async #makeRoom(): Promise<void> {
    if (this.#compiled.size === 0) return
    if (!this.#takingTurns || this.#compiled.size >= MOST_PROGRAMS) await this.#releaseOldest()
    this.#takingTurns = true
  }

  async #releaseOldest(): Promise<void> {
    const [oldest, { program }] = this.#compiled.entries().next().value as [string, CompiledStep]
    this.#compiled.delete(oldest)
    await program.release()
  }

  async #compile(shape: AudioShape): Promise<CompiledStep> {
    const { objective, stage, runtime, frozen } = this.#options
    const { loss, gradients } = objective.graph(shape, {
      trained: trainedBy(stage.trained),
      checkpointing: stage.checkpointing,
      hideFeatures: stage.specAugment !== undefined,
    })
    const outputs = Object.fromEntries([...gradients].map(([name, tensor]) => [gradientOf(name), tensor]))
    const program = await runtime.compile(
      { loss, ...outputs },
      { purpose: 'training', keepsMemory: !this.#takingTurns, weights: frozen },
    )
    return { program, names: [...gradients.keys()] }
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

function notFinite(stage: Stage, step: number, batch: Batch | undefined, value: number): PalError {
  const what = batch
    ? `a batch of ${batch.shape.audios} audios (${batch.seconds.toFixed(1)} s)`
    : 'its gradients'
  return new PalError(
    `expected a finite loss, got ${value} at step ${step + 1} of stage "${stage.name}", ${what}`,
    {
      hint: 'The last checkpoint is kept. Lower the learning rate, or look at the data with `pal data check`.',
    },
  )
}
