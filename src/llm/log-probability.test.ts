import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logProbability } from './log-probability.js'

test('probabilities add up to one, however large the scores are', () => {
  const scores = Float32Array.of(1000, 1001, -1000, 999)
  const of = logProbability(scores)
  const sum = [...scores.keys()].reduce((total, token) => total + Math.exp(of(token)), 0)
  assert.ok(Math.abs(sum - 1) < 1e-12)
})

test('scores that are none are refused', () => {
  assert.throws(() => logProbability(Float32Array.of(1, Number.NaN, 2)), {
    name: 'PalError',
    message: /^expected finite scores, got NaN for token 1\n/,
  })
})
