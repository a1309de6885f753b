import { type Estimate, percentile } from '../eval/bootstrap.js'
import { Random } from '../random.js'

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
 * A statistic with its 95 % percentile interval over other audios and other seeds: each resample draws audios with
 * replacement and, independently, seeds with replacement; all questions about an audio come along with it. This is
 * the pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1), which for two
 * crossed factors errs towards wide intervals. Of one seed nothing can be drawn but itself: the interval is then about
 * audios only. Of few seeds, what seeds make is underestimated by (n − 1)/n of the variance.
 *
 * @param statistic of how often each audio and each seed counts. Of two tables at once, their difference is paired:
 * both see the same draw
 */
export function twoWayBootstrap(
  statistic: (audios: readonly number[], seeds: readonly number[]) => number,
  { audios, seeds, resamples = 2000, seed = 1 }: TwoWayOptions,
): Estimate {
  const random = new Random('two-way bootstrap', seed)
  const values = Array.from({ length: resamples }, () => statistic(draw(audios, random), draw(seeds, random)))
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const value = statistic(Array(audios).fill(1), Array(seeds).fill(1))
  return { value, low: percentile(values, 0.025), high: percentile(values, 0.975) }
}

/** How often each of `count` things came, drawn `count` times with replacement. */
function draw(count: number, random: Random): readonly number[] {
  const times = Array<number>(count).fill(0)
  for (let i = 0; i < count; i++) times[random.integer(count)]! += 1
  return times
}
