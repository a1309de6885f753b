import { Random } from '../random.js'

export interface SignFlipOptions {
  /** Random flips where there are too many to go through all. @default 9999 */
  readonly flips?: number
  /** Of the flips. @default 1 */
  readonly seed?: number
}

/** Up to so many values, all 2^n flips are gone through. */
const EXACT = 14

/**
 * The two-sided p of a paired permutation test (Fisher's randomisation test): if the two sides of each pair were
 * exchangeable, every difference would as well have the other sign. p is the share of sign flips whose sum is at
 * least as far from 0 as the one observed; with random flips the observed one counts among them (Phipson and Smyth
 * 2010), so p is never 0. The same as `scipy.stats.permutation_test(…, permutation_type='samples')`.
 *
 * @param differences of the pairs
 */
export function signFlipTest(
  differences: readonly number[],
  { flips = 9999, seed = 1 }: SignFlipOptions = {},
): number {
  const values = differences.filter((value) => value !== 0) // The sign of 0 changes nothing.
  // Sums of the same numbers in another order differ in their last bits.
  const slack = 1e-12 * values.reduce((sum, value) => sum + Math.abs(value), 0)
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0)) - slack
  if (values.length <= EXACT) {
    const sums = allSums(values)
    return sums.filter((sum) => Math.abs(sum) >= observed).length / sums.length
  }
  const random = new Random('sign flips', seed)
  let asFar = 1
  for (let flip = 0; flip < flips; flip++) {
    let sum = 0
    for (const value of values) sum += random.next() < 0.5 ? value : -value
    if (Math.abs(sum) >= observed) asFar++
  }
  return asFar / (flips + 1)
}

function allSums(values: readonly number[]): readonly number[] {
  return values.reduce<readonly number[]>(
    (sums, value) => sums.flatMap((sum) => [sum + value, sum - value]),
    [0],
  )
}
