import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rate, tone } from '../audio.test.fixtures.js'
import { activeRms, activeSpan, loudestSample, rms, toDecibels } from './level.js'

test('the active level ignores pauses', () => {
  const sound = tone(0.5)
  const padded = new Float32Array(2 * rate)
  padded.set(sound, rate)
  assert.ok(Math.abs(toDecibels(activeRms(padded, rate) / rms(sound))) < 0.3)
  assert.ok(toDecibels(rms(padded) / rms(sound)) < -5)
  assert.ok(Math.abs(loudestSample(padded, rate) - rate) < 0.5 * rate + 1)
})

test('the active span is where something sounds', () => {
  const padded = new Float32Array(2 * rate)
  padded.set(tone(0.5), rate)
  const { start, end } = activeSpan(padded, rate)
  assert.ok(Math.abs(start - rate) <= 160 && Math.abs(end - 1.5 * rate) <= 160)
  assert.deepEqual(activeSpan(new Float32Array(100), rate), { start: 0, end: 0 })
  assert.equal(activeRms(new Float32Array(100), rate), 0)
})
