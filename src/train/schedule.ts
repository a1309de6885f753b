export interface Schedule {
  readonly learningRate: number
  /** Steps over which the rate rises from 0. */
  readonly warmup: number
  readonly steps: number
  /** What is left of the rate at the last step, as a share. @default 0 */
  readonly final?: number
}

/** Linear warm-up, then half a cosine. @param step counted from 0 */
export function learningRateAt({ learningRate, warmup, steps, final = 0 }: Schedule, step: number): number {
  if (step < warmup) return (learningRate * (step + 1)) / warmup
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup))
  return learningRate * (final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * done)))
}
