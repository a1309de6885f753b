/**
 * Linear between the nearest two, as numpy.percentile has it: type 7 of Hyndman and Fan (1996). Of nothing it is NaN.
 * @param sorted ascending
 */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
