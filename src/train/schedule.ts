import type { TimedStage } from './timed-stage.js'

/** As a stage has it. */
export type Schedule = Pick<TimedStage, 'learningRate' | 'warmup' | 'steps' | 'finalRate'>

/** Linear warm-up, then half a cosine, down to `finalRate` of it. @param step counted from 0 */
export function learningRateAt({ learningRate, warmup, steps, finalRate }: Schedule, step: number): number {
  if (step < warmup) return (learningRate * (step + 1)) / warmup
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup))
  return learningRate * (finalRate + (1 - finalRate) * 0.5 * (1 + Math.cos(Math.PI * done)))
}
