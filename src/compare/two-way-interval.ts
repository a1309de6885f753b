import type { Estimate } from '../eval/bootstrap.js'
import { quantile } from '../quantile.js'
import { Random } from '../random.js'
import { studentQuantile } from './student-t.js'

export interface TwoWayOptions {
  /** How many audios and how many seeds there are: every seed's model has heard every audio. */
  readonly audios: number
  readonly seeds: number
  /** @default 2000 */
  readonly resamples?: number
  /** Of the resamples. @default 1 */
  readonly seed?: number
}

/**
 * A statistic with its 95 % interval over other audios and other seeds. Audios are many and resampled (with all their
 * questions). Seeds are few, and resamples of three can say no more than that another is like one of them; their variance
 * is estimated from the statistic of each seed by itself instead. Both variances are added, and the interval is that of
 * Student's t with the degrees of freedom of Welch and Satterthwaite (Satterthwaite 1946, "An approximate distribution of
 * estimates of variance components"). What is of an audio and a seed together counts in both: the interval errs towards
 * wide. Of one seed nothing is known but itself: the interval is then the bootstrap's percentiles, about audios only.
 *
 * @param statistic of how often each audio and each seed counts. Of two tables at once, their difference is paired:
 * both see the same draw
 */
export function twoWayInterval(
  statistic: (audios: readonly number[], seeds: readonly number[]) => number,
  { audios, seeds, resamples = 2000, seed = 1 }: TwoWayOptions,
): Estimate {
  const random = new Random('two-way interval', seed)
  const every = Array<number>(seeds).fill(1)
  const all = Array<number>(audios).fill(1)
  const value = statistic(all, every)
  const resampled = Array.from({ length: resamples }, () => statistic(draw(audios, random), every))
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  if (seeds === 1) return { value, low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) }

  const ofEachSeed = every.map((_, one) =>
    statistic(
      all,
      every.map((_, other) => (other === one ? 1 : 0)),
    ),
  )
  const half = halfWidth([
    { variance: varianceOf(resampled), freedom: audios - 1 },
    { variance: varianceOf(ofEachSeed) / seeds, freedom: seeds - 1 },
  ])
  return { value, low: value - half, high: value + half }
}

/** The mean of a few values with its 95 % interval, Student's; one has none. */
export function meanInterval(values: readonly number[]): Estimate {
  const value = values.reduce((sum, one) => sum + one, 0) / values.length
  const half = halfWidth([{ variance: varianceOf(values) / values.length, freedom: values.length - 1 }])
  return { value, low: value - half, high: value + half }
}

function halfWidth(parts: readonly { readonly variance: number; readonly freedom: number }[]): number {
  const variance = parts.reduce((sum, part) => sum + part.variance, 0)
  if (variance === 0) return 0
  // What does not vary has nothing to say of the width, nor, where there is one of it, of its freedom.
  const freedoms = parts.filter((part) => part.variance !== 0)
  const freedom = variance ** 2 / freedoms.reduce((sum, part) => sum + part.variance ** 2 / part.freedom, 0)
  return studentQuantile(0.975, freedom) * Math.sqrt(variance)
}

/** Unbiased; of one value it is not known. */
function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}

/** How often each of `count` things came, drawn `count` times with replacement. */
function draw(count: number, random: Random): readonly number[] {
  const times = Array<number>(count).fill(0)
  for (let i = 0; i < count; i++) times[random.integer(count)]! += 1
  return times
}
