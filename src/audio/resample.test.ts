import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resample } from './resample.js'
import { levelAt, sine } from './sounds.test.helper.js'

const decibels = (ratio: number) => 20 * Math.log10(ratio)

describe('44.1 to 16 kHz', () => {
  for (const frequency of [50, 440, 1000, 4000, 7000]) {
    test(`${frequency} Hz passes unchanged`, async () => {
      const samples = await resample(sine(frequency, 44100, 1), 44100, 16000)
      assert.ok(Math.abs(decibels(levelAt(samples, 16000, frequency) / 0.5)) < 0.05)
    })
  }

  for (const frequency of [8500, 9000, 12000, 20000]) {
    test(`${frequency} Hz does not come back as an alias`, async () => {
      const samples = await resample(sine(frequency, 44100, 1), 44100, 16000)
      const loudest = samples
        .subarray(1600, -1600)
        .reduce((max, sample) => Math.max(max, Math.abs(sample)), 0)
      assert.ok(decibels(loudest / 0.5) < -95, `${decibels(loudest / 0.5)} dB`)
    })
  }
})

test('8 to 16 kHz makes no image above the old Nyquist rate', async () => {
  const samples = await resample(sine(1000, 8000, 1), 8000, 16000)
  assert.ok(Math.abs(levelAt(samples, 16000, 1000) - 0.5) < 0.001)
  assert.ok(decibels(levelAt(samples, 16000, 7000) / 0.5) < -95)
})

for (const [from, to] of [
  [8000, 16000],
  [11025, 16000],
  [22050, 16000],
  [44100, 16000],
  [48000, 16000],
  [192000, 16000],
  [16000, 48000],
] as const) {
  test(`${from} to ${to} Hz keeps the time and the length`, async () => {
    const click = new Float32Array(from)
    click[from / 2 - (from % 2) / 2] = 1
    const samples = await resample(click, from, to)
    assert.equal(samples.length, to)
    const loudest = samples.reduce(
      (best, sample, i) => (Math.abs(sample) > Math.abs(samples[best]!) ? i : best),
      0,
    )
    assert.ok(Math.abs(loudest / to - 0.5) <= 1 / Math.min(from, to))
  })
}

test('blocks leave no seam', async () => {
  // Longer than a few blocks: a seam would be a click, which spreads over all frequencies.
  const samples = await resample(sine(440, 48000, 6), 48000, 16000)
  const expected = sine(440, 16000, 6)
  for (let i = 200; i < samples.length - 200; i++)
    assert.ok(Math.abs(samples[i]! - expected[i]!) < 1e-4, `sample ${i}`)
})

test('the same rate gives the same array', async () => {
  const samples = sine(440, 16000, 0.1)
  assert.equal(await resample(samples, 16000, 16000), samples)
})

test('a rate that makes no sense is refused', async () => {
  await assert.rejects(
    resample(new Float32Array(4), 44100, 0),
    /expected the sample rate asked for to be a whole number of Hz from 1000 to 768000, got 0/,
  )
})
