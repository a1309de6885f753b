import { quantile } from '../quantile.js'

/** What repeated measurements say: the middle one, the middle half, and all of them. */
export interface Spread {
  readonly median: number
  /** The first and third quartile. */
  readonly quartiles: readonly [number, number]
  readonly range: readonly [number, number]
  readonly count: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    range: [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN],
    count: sorted.length,
  }
}

/** The middle half of the measurements, as a share of the median. */
export function relativeSpread({ median, quartiles }: Spread): number {
  return (quartiles[1] - quartiles[0]) / median
}

export interface Comparison {
  /** The median over rounds of a/b, both measured in the same round: over the quiet rounds, if there are any. */
  readonly ratio: Spread
  /** Rounds in which nothing else was at work. */
  readonly quietRounds: number
  /** Whether there are enough of them, and the difference is larger than the spread of either side. */
  readonly conclusive: boolean
}

/** Measurements of one process are alike in what was chance for it: fewer rounds have no spread to speak of. */
export const FEWEST_ROUNDS = 3

/**
 * Compares two sides that took turns: by the ratio within each round, so that what slowed a whole round down cancels.
 * No conclusion is drawn from less than three rounds, when the middle half of one side's measurements is as wide as the
 * difference of the medians, or when rounds do not agree on who is faster. Rounds in which others were at work do not count.
 *
 * @param a by round, the measurements of that round; rounds that one side lacks are left out
 * @param busy rounds in which others were at work
 */
export function compare(
  a: ReadonlyMap<number, readonly number[]>,
  b: ReadonlyMap<number, readonly number[]>,
  busy: ReadonlySet<number> = new Set(),
): Comparison | undefined {
  const common = [...a.keys()].filter((round) => b.has(round))
  if (common.length === 0) return undefined
  const quiet = common.filter((round) => !busy.has(round))
  const rounds = quiet.length > 0 ? quiet : common
  const ratios = rounds.map((round) => spreadOf(a.get(round)!).median / spreadOf(b.get(round)!).median)
  const [all, others] = [a, b].map((side) => spreadOf(rounds.flatMap((round) => side.get(round)!)))
  const widest = Math.max(...[all!, others!].map(({ quartiles: [low, high] }) => high - low))
  const ratio = spreadOf(ratios)
  const agreed = ratio.range[0] > 1 || ratio.range[1] < 1
  const enough = quiet.length >= FEWEST_ROUNDS
  const conclusive = enough && agreed && Math.abs(all!.median - others!.median) > widest
  return { ratio, quietRounds: quiet.length, conclusive }
}
