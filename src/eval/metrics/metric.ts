/**
 * A metric made ready over some cases, to be computed on any draw of them by index, the same index perhaps several
 * times: what the value is on all of them, and what a bootstrap interval resamples.
 */
export type Score = (draw: readonly number[]) => number

export type Metric<Case> = (cases: readonly Case[]) => Score

/** A metric on all cases, each once. */
export function measure<Case>(metric: Metric<Case>, cases: readonly Case[]): number {
  return metric(cases)([...cases.keys()])
}

/** The mean of one number for each case. */
export function meanOf(scores: readonly number[]): Score {
  return (draw) => draw.reduce((sum, i) => sum + (scores[i] as number), 0) / draw.length
}

/** What follows from the sums of several numbers that each case has, such as errors and words. */
export function ofSums(
  counts: readonly (readonly number[])[],
  value: (sums: readonly number[]) => number,
): Score {
  const width = counts[0]?.length ?? 0
  return (draw) => {
    const sums = new Array<number>(width).fill(0)
    for (const i of draw) {
      for (let k = 0; k < width; k++) sums[k] = (sums[k] as number) + (counts[i]?.[k] as number)
    }
    return value(sums)
  }
}
