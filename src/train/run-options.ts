import type { Ranks } from '../parallel/ranks.js'
import type { Inherited } from './inherited.js'
import type { StageOrigin } from './origin.js'
import type { StepReport } from './trainer.js'

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

/** The same, with every default said. */
export type RunOptions = TrainOptions & Required<Pick<TrainOptions, 'ranks' | 'onEvent'>>

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
  /** Where the run goes on; at the stage `end` if it is finished already. */
  | {
      readonly kind: 'resumed'
      readonly stage: string
      readonly step: number
      readonly finished: boolean
    }
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
