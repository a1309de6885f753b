import assert from 'node:assert/strict'
import { test } from 'node:test'
import { windows } from './windows.js'

const samples = Float32Array.from({ length: 25 }, (_, i) => i)

test('joined in order, the windows give back every sample', () => {
  for (const seconds of [0.1, 0.7, 1, 2.5, 9]) {
    assert.deepEqual(
      Float32Array.from(windows(samples, 10, seconds).flatMap((window) => [...window.samples])),
      samples,
    )
  }
})

test('each window knows when it begins, and the last may be shorter', () => {
  const cut = windows(samples, 10, 1)
  assert.deepEqual(
    cut.map((window) => [window.startSeconds, window.samples.length]),
    [
      [0, 10],
      [1, 10],
      [2, 5],
    ],
  )
})

test('no samples, no windows', () => {
  assert.deepEqual(windows(new Float32Array(0), 10, 1), [])
})

test('a window without a sample is refused', () => {
  for (const seconds of [0, -1, 0.01, Number.NaN]) {
    assert.throws(
      () => windows(samples, 10, seconds),
      /expected a window of at least one sample at 10 Hz, got/,
    )
  }
})
