import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeightAverage } from './weight-average.js'

test('the averages are those of torch_ema', () => {
  // torch-ema 0.3: ExponentialMovingAverage([1, -2], decay=0.3), printed after each update.
  const expected = [
    [1.8181818, -0.3636364],
    [0.8295454, 0.6590909],
    [-0.4511364, 2.2977271],
    [2.6646593, -0.0106819],
  ]
  const weights = [
    [2, 0],
    [0.5, 1],
    [-1, 3],
    [4, -1],
  ]
  const average = new WeightAverage(2)
  average.add(Float32Array.of(9, 9), 0.3)
  average.restart(Float32Array.of(1, -2))
  for (const [step, values] of weights.entries()) {
    average.add(Float32Array.from(values), 0.3)
    for (const [i, value] of average.flat.entries()) {
      assert.ok(Math.abs(value - expected[step]![i]!) < 1e-6, `step ${step}: ${average.flat}`)
    }
  }
})
