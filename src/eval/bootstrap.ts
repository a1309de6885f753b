import { groupBy } from '../group-by.js'
import { quantile } from '../quantile.js'
import { Random } from '../random.js'

/** A value with its 95 % interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface BootstrapOptions {
  /** @default 2000 */
  readonly resamples?: number
  /** @default 1 */
  readonly seed?: number
}

/**
 * A statistic with its 95 % percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13). Items of one cluster,
 * such as several questions about one recording, are drawn together.
 * @param statistic of all items, and of those of each draw
 */
export function bootstrap<T>(
  items: readonly T[],
  clusterOf: (item: T) => string,
  statistic: (items: readonly T[]) => number,
  { resamples = 2000, seed = 1 }: BootstrapOptions = {},
): Estimate {
  const clusters = [...groupBy(items, clusterOf).values()]
  const random = new Random('bootstrap', seed)
  const values = Array.from({ length: resamples }, () =>
    statistic(Array.from({ length: clusters.length }, () => random.pick(clusters)).flat()),
  )
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  return { value: statistic(items), low: quantile(values, 0.025), high: quantile(values, 0.975) }
}
