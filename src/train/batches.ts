import type { Draw, Source } from '../data/source.js'
import { Epochs, examplesOf } from '../data/sources/epochs.js'
import type { ModelConfig } from '../model/config/config.js'
import type { Ranks } from '../parallel/ranks.js'
import { Random } from '../random.js'
import type { Batch } from './batch.js'
import { drawEncoder, type Hearing } from './hearing.js'
import type { Objective } from './objective.js'
import type { BatchPlan } from './recipe/recipe.js'
import { sampleRateOf } from './sample-rate.js'
import type { TimedStage } from './timed-stage.js'

export interface BatchesOptions {
  readonly config: ModelConfig
  readonly stage: TimedStage
  /** Of the run; with the stage's name and the batch's number it determines every draw. */
  readonly seed: number
  readonly sourceOf: (plan: BatchPlan) => Source
  readonly objective: Objective
  /** Those that a step's micro-batches are dealt out to. */
  readonly ranks: Ranks
}

/** A batch could not be drawn, in its turn: all steps before it are whole. `cause` is what was the matter. */
export class DrawFailure extends Error {
  override readonly name = 'DrawFailure'
}

/** The batches of this rank in a stage, in order, each a pure function of its number in the stage. */
export class Batches {
  readonly #options: BatchesOptions
  readonly #drawers: ReadonlyMap<BatchPlan, Drawer>
  /** Counted from 0, over this rank's own. */
  #next: number
  #ahead: (() => Batch) | undefined

  /** @param from the step to begin with */
  constructor(options: BatchesOptions, from: number) {
    const { stage } = options
    this.#options = options
    this.#drawers = new Map(stage.batches.map((plan) => [plan, drawerOf(plan, options)]))
    this.#next = from * stage.accumulate
  }

  /** Draws the next one, if there is one, before it is asked for. What goes wrong is told when it is. */
  drawAhead(): void {
    const { stage, ranks } = this.#options
    if (this.#ahead || this.#next === stage.steps * stage.accumulate) return
    this.#ahead = attempted(() => this.#draw(this.#next * ranks.size + ranks.rank))
  }

  /** @throws DrawFailure */
  take(): Batch {
    this.drawAhead()
    const ahead = this.#ahead
    if (!ahead) throw new Error(`stage "${this.#options.stage.name}" has no batch ${this.#next}`)
    this.#ahead = undefined
    this.#next++
    return ahead()
  }

  #draw(number: number): Batch {
    const { config, stage, seed, objective } = this.#options
    const random = new Random(seed, stage.name, number)
    const plan = random.weighted(stage.batches, ({ weight }) => weight)
    const draw = this.#drawers.get(plan) as Drawer
    const samples = Math.round(plan.seconds * sampleRateOf(config))
    const draws = Array.from({ length: plan.audios }, (_, slot) =>
      draw(number * plan.audios + slot, new Random(seed, stage.name, number, slot)),
    )
    const hide = stage.specAugment && {
      settings: stage.specAugment,
      randomFor: (encoder: string) => new Random(seed, stage.name, number, 'hidden', encoder),
    }
    const hearing = draws.map(({ imagined }, audio): Hearing => {
      const encoder = plan.misheard && drawEncoder(plan.misheard, random)
      if (encoder === undefined) {
        const unheard = stage.encoderDropout && drawEncoder(stage.encoderDropout, random)
        return unheard === imagined?.encoder ? {} : { unheard }
      }
      const as = (audio + 1 + random.integer(plan.audios - 1)) % plan.audios
      return encoder === imagined?.encoder ? {} : { misheard: { encoder, as } }
    })
    return objective.collate(draws, samples, hide, hearing)
  }
}

/** Draws an audio of a batch. @param place counted from 0, over all audios of the stage */
type Drawer = (place: number, random: Random) => Draw

/** Anew each time, or each example once an epoch. */
function drawerOf(plan: BatchPlan, { stage, seed, sourceOf }: BatchesOptions): Drawer {
  const source = sourceOf(plan)
  if (stage.epochs === undefined) return (_, random) => source.drawWithin(random, plan.seconds)
  const epochs = new Epochs(examplesOf(source, plan.seconds), seed, stage.name)
  return (place, random) => epochs.draw(place, random)
}

/** Makes it now; what was made, or why it was not, is told when it is asked for. */
function attempted<T>(make: () => T): () => T {
  try {
    const made = make()
    return () => made
  } catch (cause) {
    return () => {
      throw new DrawFailure('a batch could not be drawn', { cause })
    }
  }
}
