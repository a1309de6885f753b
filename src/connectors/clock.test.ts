import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOCK_FEATURES, clockFeatures } from './clock.js'

test('sines and cosines, of periods from 0.4 to 60 s', () => {
  const features = clockFeatures([0, 0.1, 15])
  assert.equal(features.length, 3 * CLOCK_FEATURES)
  const [shortestSine, shortestCosine] = features.subarray(CLOCK_FEATURES)
  assert.ok(Math.abs(shortestSine! - 1) < 1e-6, 'a quarter of the shortest period')
  assert.ok(Math.abs(shortestCosine!) < 1e-6)
  const [longestSine, longestCosine] = features.subarray(3 * CLOCK_FEATURES - 2)
  assert.ok(Math.abs(longestSine! - 1) < 1e-6, 'a quarter of the longest')
  assert.ok(Math.abs(longestCosine!) < 1e-6)
  assert.deepEqual([...features.subarray(0, 4)], [0, 1, 0, 1])
})

test('no two times of half a minute, a tenth of a second apart, look alike', () => {
  const times = Array.from({ length: 300 }, (_, i) => i / 10)
  const features = clockFeatures(times)
  const at = (i: number) => features.subarray(i * CLOCK_FEATURES, (i + 1) * CLOCK_FEATURES)
  for (let i = 0; i < times.length; i++) {
    for (let j = 0; j < i; j++) {
      const distance = Math.hypot(...at(i).map((value, k) => value - at(j)[k]!))
      assert.ok(distance > 0.5, `${times[i]} s and ${times[j]} s: ${distance}`)
    }
  }
})
