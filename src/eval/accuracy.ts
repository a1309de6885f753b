import { verdict } from '../data/questions/score.js'
import { groupBy } from '../group-by.js'
import type { Outcome } from './measure.js'
import type { Metric } from './metrics/metric.js'

export function accuracy(outcomes: readonly Pick<Outcome, 'right'>[]): number {
  return outcomes.filter(({ right }) => right).length / outcomes.length
}

/** The mean over yes and no, whatever words the expected answers say it in, of the share that is right. */
export function balancedAccuracy(outcomes: readonly Pick<Outcome, 'right' | 'expected'>[]): number {
  const shares = [...groupBy(outcomes, ({ expected }) => verdict(expected) ?? '').values()].map(accuracy)
  return shares.reduce((sum, one) => sum + one, 0) / shares.length
}

export const balanced: Metric<Outcome> = (of) => (draw) => balancedAccuracy(draw.map((i) => of[i]!))
