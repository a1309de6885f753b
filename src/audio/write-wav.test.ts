import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAudio } from './read-audio.js'
import { sine } from './sounds.test.helper.js'
import { encodeWav } from './write-wav.js'

test('what is written can be read back, to half a step of 16 bits', async () => {
  const samples = sine(440, 22050, 0.2)
  const audio = await readAudio(encodeWav(samples, 22050), { sampleRate: 22050 })
  assert.equal(audio.source.sampleRate, 22050)
  assert.equal(audio.samples.length, samples.length)
  assert.ok(samples.every((sample, i) => Math.abs(sample - audio.samples[i]!) <= 0.5 / 32768))
})

test('samples out of range stop at the ends of the range', async () => {
  const { samples } = await readAudio(encodeWav(Float32Array.of(3, -3), 16000))
  assert.deepEqual([...samples], [32767 / 32768, -1])
})

test('a sample that is not a number is refused', () => {
  assert.throws(() => encodeWav(Float32Array.of(0, Number.NaN), 16000), /got NaN \(sample 1\)/)
})
