import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantile } from './quantile.js'

test('quantiles as numpy.percentile has them', () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5)
  assert.equal(quantile([1, 2, 3, 4], 0.025), 1.075)
  assert.equal(quantile([5], 0.975), 5)
  assert.equal(quantile([], 0.5), Number.NaN)
})
