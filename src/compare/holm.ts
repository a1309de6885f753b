/**
 * p-values corrected for their number by Holm's step-down method (Holm 1979, "A simple sequentially rejective multiple
 * test procedure"): with all of them held against 0.05, the chance of any false finding stays below 5 %. The same as
 * `statsmodels.stats.multitest.multipletests(…, method='holm')`.
 */
export function holm(ps: readonly number[]): readonly number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!)
  const corrected = Array<number>(ps.length)
  let most = 0
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (ps.length - rank) * ps[i]!))
    corrected[i] = most
  }
  return corrected
}
