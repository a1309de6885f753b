import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meanAveragePrecision, type TagCase } from './average-precision.js'
import { close, readFixture } from './fixtures.test.helper.js'
import { measure } from './metric.js'

const { cases, mean, each } = readFixture<{
  readonly cases: readonly TagCase[]
  readonly mean: number
  readonly each: readonly number[]
}>('tags')

test('mean average precision is scikit-learn’s, with equal scores', () => {
  assert.ok(close(measure(meanAveragePrecision, cases), mean))
  for (const [i, expected] of each.entries()) {
    const label = `label ${i}`
    const only = cases.map(({ labels, scores }) => ({
      labels: labels.filter((one) => one === label),
      scores: { [label]: scores![label]! },
    }))
    assert.ok(close(measure(meanAveragePrecision, only), expected), label)
  }
})

test('a draw with repetitions is the repeated cases', () => {
  const draw = [0, 0, 3, 5, 7, 7, 7, 20, 39]
  const repeated = draw.map((i) => cases[i]!)
  assert.ok(close(meanAveragePrecision(cases)(draw), measure(meanAveragePrecision, repeated)))
})

test('a label without a score is a mistake', () => {
  const broken = [...cases.slice(0, 2), { labels: [], scores: { 'label 0': 1 } }]
  assert.throws(() => measure(meanAveragePrecision, broken), /expected a score for every label/)
})

test('an audio without scores has its labels never found, and its place in no ranking', () => {
  const heard: TagCase = { labels: ['dog'], scores: { dog: -1, rain: -2 } }
  const silent: TagCase = { labels: [], scores: { dog: -3, rain: -4 } }
  assert.equal(measure(meanAveragePrecision, [heard, { labels: ['dog'] }]), 1 / 2)
  assert.equal(measure(meanAveragePrecision, [heard, { labels: ['rain'] }]), (1 + 0) / 2)
  assert.equal(measure(meanAveragePrecision, [heard, silent, { labels: [] }]), 1)
  assert.equal(meanAveragePrecision([heard, silent, { labels: ['dog'] }])([0, 0, 1, 2]), 2 / 3)
  assert.ok(Number.isNaN(measure(meanAveragePrecision, [{ labels: ['dog'] }])))
})
