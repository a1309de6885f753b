import type { Point } from '../plot/line-plot.js'
import type { StepReport } from '../train/trainer.js'

/** Where a stage's steps begin, counted over all stages. */
export interface StageStart {
  readonly name: string
  readonly x: number
}

/** How a loss went: the mean over seeds, and the least and most of them, in nats. */
export interface LossCurve {
  readonly points: readonly Point[]
  readonly stages: readonly StageStart[]
  /** Steps whose mean a point is. */
  readonly window: number
}

/** Points of a curve, at most about so many a stage. */
const POINTS = 80

/**
 * The loss of several seeds' runs over their steps. Batches of different kinds take turns, so each seed's loss is first
 * smoothed: a point is the mean of a window of steps around it, never across two stages, whose losses differ in kind.
 * @param runs of the same recipe, each with all its steps
 */
export function lossCurve(runs: readonly (readonly StepReport[])[]): LossCurve {
  const [first = []] = runs
  const window = 2 * Math.floor(first.length / 40) + 1
  const stages = first.flatMap(({ stage }, i) =>
    stage === first[i - 1]?.stage ? [] : [{ name: stage, x: i }],
  )
  const points = stages.flatMap(({ x: start }, i) => {
    const end = stages[i + 1]?.x ?? first.length
    const stride = Math.max(1, Math.floor((end - start) / POINTS))
    const losses = runs.map((steps) => steps.slice(start, end).map(({ loss }) => loss))
    return Array.from({ length: Math.ceil((end - start) / stride) }, (_, at) => {
      const values = losses.map((of) => meanAround(of, at * stride, window))
      const y = values.reduce((sum, value) => sum + value, 0) / values.length
      return { x: start + at * stride + 1, y, low: Math.min(...values), high: Math.max(...values) }
    })
  })
  return { points, stages, window }
}

function meanAround(values: readonly number[], middle: number, window: number): number {
  const reach = (window - 1) / 2
  const near = values.slice(Math.max(0, middle - reach), middle + reach + 1)
  return near.reduce((sum, value) => sum + value, 0) / near.length
}
