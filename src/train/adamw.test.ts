import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdamW, gradientNorm } from './adamw.js'
import { learningRateAt } from './schedule.js'

test('three updates are those of torch.optim.AdamW', () => {
  // torch 2.15: AdamW([0.5, -1, 2], lr=0.1, weight_decay=0.01), printed after each step.
  const expected = [
    [0.3995, -0.899, 1.898],
    [0.3073224, -0.8714674, 1.9254582],
    [0.2812247, -0.864457, 1.9350936],
  ]
  const gradients = [
    [0.1, -0.2, 0.3],
    [0.3, 0.1, -0.5],
    [-0.2, 0.05, 0.1],
  ]
  const parameters = Float32Array.of(0.5, -1, 2)
  const optimizer = new AdamW(3)
  for (const [step, gradient] of gradients.entries()) {
    const group = {
      offset: 0,
      length: 3,
      gradient: Float32Array.from(gradient),
      learningRate: 0.1,
      weightDecay: 0.01,
    }
    optimizer.update(parameters, [group])
    for (const [i, value] of parameters.entries()) {
      assert.ok(Math.abs(value - (expected[step]?.[i] as number)) < 1e-6, `step ${step}: ${parameters}`)
    }
  }
})

test('the norm is that of all gradients together', () => {
  assert.equal(gradientNorm([Float32Array.of(3), Float32Array.of(0, 4)]), 5)
})

test('the rate rises in a line and falls along half a cosine', () => {
  const schedule = { learningRate: 1, warmup: 4, steps: 14, finalRate: 0.2 }
  assert.equal(learningRateAt(schedule, 0), 0.25)
  assert.equal(learningRateAt(schedule, 3), 1)
  assert.equal(learningRateAt(schedule, 4), 1)
  assert.ok(Math.abs(learningRateAt(schedule, 9) - 0.6) < 1e-12)
  assert.ok(Math.abs(learningRateAt(schedule, 14) - 0.2) < 1e-12)
})
