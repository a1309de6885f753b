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

/** By linear interpolation between the two nearest of the sorted values (type 7 of Hyndman and Fan 1996). */
function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place))
}

/** The middle half of the measurements, as a share of the median. */
export function relativeSpread({ median, quartiles }: Spread): number {
  return (quartiles[1] - quartiles[0]) / median
}

export interface Comparison {
  /** The median over rounds of a/b, both measured in the same round. */
  readonly ratio: Spread
  /** Of the side that has fewer. */
  readonly measurements: number
  /** Whether there are enough of them, and the difference is larger than the spread of either side. */
  readonly conclusive: boolean
}

/** Fewer measurements have no spread to speak of. */
export const FEWEST_MEASUREMENTS = 3

/**
 * Compares two sides that took turns: by the ratio within each round, so that what slowed a whole round down cancels.
 * No conclusion is drawn when the middle half of one side's measurements is as wide as the difference of the medians, or
 * when rounds do not agree on who is faster.
 *
 * @param a by round, the measurements of that round; rounds that one side lacks are left out
 */
export function compare(
  a: ReadonlyMap<number, readonly number[]>,
  b: ReadonlyMap<number, readonly number[]>,
): Comparison | undefined {
  const rounds = [...a.keys()].filter((round) => b.has(round))
  if (rounds.length === 0) return undefined
  const ratios = rounds.map((round) => spreadOf(a.get(round)!).median / spreadOf(b.get(round)!).median)
  const [all, others] = [a, b].map((side) => spreadOf(rounds.flatMap((round) => side.get(round)!)))
  const widest = Math.max(...[all!, others!].map(({ quartiles: [low, high] }) => high - low))
  const ratio = spreadOf(ratios)
  const measurements = Math.min(all!.count, others!.count)
  const enough = measurements >= FEWEST_MEASUREMENTS
  const agreed = ratio.range[0] > 1 || ratio.range[1] < 1
  const conclusive = enough && agreed && Math.abs(all!.median - others!.median) > widest
  return { ratio, measurements, conclusive }
}
