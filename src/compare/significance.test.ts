import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Random } from '../random.js'
import { holm } from './holm.js'
import { signFlipTest } from './sign-flip-test.js'
import { studentQuantile } from './student-t.js'
import { meanInterval, twoWayInterval } from './two-way-interval.js'

/** What SciPy, NumPy and statsmodels make of the same numbers. */
interface Fixture {
  readonly exact: readonly { readonly differences: readonly number[]; readonly p: number }[]
  readonly random: readonly { readonly differences: readonly number[]; readonly p: number }[]
  /** [share, freedom, quantile] */
  readonly student: readonly (readonly [number, number, number])[]
  readonly intervals: {
    /** [seeds, audios] */
    readonly right: readonly (readonly number[])[]
    readonly audios: readonly [number, number]
    readonly both: readonly [number, number]
  }
  readonly holm: readonly { readonly p: readonly number[]; readonly corrected: readonly number[] }[]
}

const fixture = readFixture()

test('few differences: the exact p of scipy.stats.permutation_test', () => {
  for (const { differences, p } of fixture.exact) {
    assert.ok(Math.abs(signFlipTest(differences) - p) < 1e-12, `${differences}`)
  }
  assert.equal(signFlipTest([2]), 1, 'one difference has one other sign')
  assert.equal(signFlipTest([]), 1)
})

test('many differences: p within what 9,999 random flips leave open', () => {
  for (const { differences, p } of fixture.random) {
    const deviation = Math.sqrt((p * (1 - p)) / 9999)
    assert.ok(Math.abs(signFlipTest(differences) - p) < 4 * deviation)
    assert.equal(signFlipTest(differences), signFlipTest(differences), 'the same every time')
  }
  assert.equal(signFlipTest(Array(40).fill(1)), 1 / 10_000, 'never 0')
})

test('Holm’s correction is that of statsmodels', () => {
  for (const { p, corrected } of fixture.holm) {
    for (const [i, value] of holm(p).entries()) assert.ok(Math.abs(value - corrected[i]!) < 1e-12)
  }
  assert.deepEqual(holm([]), [])
})

test('quantiles of Student’s t are SciPy’s', () => {
  for (const [share, freedom, quantile] of fixture.student) {
    assert.ok(Math.abs(studentQuantile(share, freedom) / quantile - 1) < 1e-4, `${share}, ${freedom}`)
  }
})

test('intervals over audios are SciPy’s, over audios and seeds Satterthwaite’s', () => {
  const { right, audios, both } = fixture.intervals
  const mean =
    (rows: readonly (readonly number[])[]) => (times: readonly number[], seeds: readonly number[]) => {
      let sum = 0
      for (const [s, row] of rows.entries())
        for (const [a, value] of row.entries()) sum += seeds[s]! * times[a]! * value
      return sum / (times.length * total(seeds))
    }
  const check = (rows: typeof right, [low, high]: readonly [number, number]) => {
    const ours = twoWayInterval(mean(rows), { audios: 90, seeds: rows.length, resamples: 10_000 })
    assert.equal(ours.value, mean(rows)(Array(90).fill(1), Array(rows.length).fill(1)))
    assert.ok(Math.abs(ours.low - low) < 0.012 && Math.abs(ours.high - high) < 0.012, JSON.stringify(ours))
  }
  check(right.slice(0, 1), audios)
  check(right, both)
})

test('of one audio the interval is about other seeds only', () => {
  const bySeed = ([first = 0, second = 0]: readonly number[]) =>
    (0.25 * first + 0.75 * second) / (first + second)
  const { value, low, high } = twoWayInterval((_, seeds) => bySeed(seeds), { audios: 1, seeds: 2 })
  assert.equal(value, 0.5)
  // Student's t of one degree of freedom, 12.706, times the standard error 0.25.
  for (const half of [value - low, high - value]) assert.ok(Math.abs(half / (12.706 * 0.25) - 1) < 1e-3)
})

test('what all audios and seeds agree on has no width', () => {
  const steady = twoWayInterval(() => 0.25, { audios: 5, seeds: 2, resamples: 50 })
  assert.deepEqual(steady, { value: 0.25, low: 0.25, high: 0.25 })
})

test('of intervals over three seeds, 95 of a hundred hold what all seeds have', () => {
  const random = new Random('coverage')
  let held = 0
  for (let i = 0; i < 2000; i++) {
    const values = [random.normal(), random.normal(), random.normal()]
    const mean = (_: unknown, seeds: readonly number[]) =>
      total(seeds.map((times, seed) => times * values[seed]!)) / total(seeds)
    const interval = twoWayInterval(mean, { audios: 4, seeds: 3, resamples: 2 })
    assert.deepEqual(interval, meanInterval(values))
    if (interval.low <= 0 && interval.high >= 0) held++
  }
  assert.ok(Math.abs(held / 2000 - 0.95) < 0.015, `${held}`)
})

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** Found from the package's root, because the compiler does not copy it. */
function readFixture(): Fixture {
  const path = join('src', 'compare', 'fixtures', 'significance.json')
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as Fixture
}
