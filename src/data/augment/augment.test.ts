import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { rate, tone } from '../audio.test.fixtures.js'
import { peak, rms, toDecibels } from '../signal/level.js'
import { writeApplied } from './applied.js'
import { type AugmentSteps, augment, augmentDefaults, type StepName } from './augment.js'

/** Only this step, with this amount. */
function only(name: StepName, amount: number, samples: Float32Array): Float32Array {
  const steps: AugmentSteps = Object.fromEntries(
    Object.keys(augmentDefaults).map((other) => [
      other,
      { probability: other === name ? 1 : 0, range: [amount, amount] },
    ]),
  )
  const { samples: changed, applied } = augment(samples, new Random('only'), { sampleRate: rate, steps })
  assert.deepEqual(Object.keys(applied), [name])
  return changed
}

const change = (after: Float32Array, before: Float32Array) => toDecibels(rms(after) / rms(before))

/** Counts rising zero crossings: a tone's frequency. */
const frequency = (samples: Float32Array) =>
  samples.filter((x, i) => i > 0 && x >= 0 && (samples[i - 1] as number) < 0).length / (samples.length / rate)

test('speed changes length and pitch', () => {
  const faster = only('speed', 1.1, tone(1, 440))
  assert.ok(Math.abs(faster.length - rate / 1.1) < 2)
  assert.ok(Math.abs(frequency(faster) - 484) < 3)
})

test('the band limit leaves what is below 4 kHz and nothing above', () => {
  assert.ok(Math.abs(change(only('bandLimit', 4000, tone(1, 3000)), tone(1, 3000))) < 0.2)
  assert.ok(change(only('bandLimit', 4000, tone(1, 4300)), tone(1, 4300)) < -40)
  assert.ok(change(only('bandLimit', 4000, tone(1, 6000)), tone(1, 6000)) < -40)
})

test('tilt lifts the treble against the bass', () => {
  const high = change(only('tilt', 8, tone(1, 6000)), tone(1, 6000))
  const low = change(only('tilt', 8, tone(1, 100)), tone(1, 100))
  assert.ok(high > 2.5 && low < -2.5 && high - low < 8.1)
})

test('noise has the asked level below the sound', () => {
  const sound = tone(1)
  const noisy = only('noise', 20, sound)
  const noise = noisy.map((x, i) => x - (sound[i] as number))
  assert.ok(Math.abs(change(noise, sound) + 20) < 0.3)
})

test('gain never clips and says what it gave', () => {
  assert.ok(Math.abs(change(only('gain', -6, tone(1)), tone(1)) + 6) < 0.01)
  const steps = { gain: { probability: 1, range: [40, 40] } } as const
  const { samples, applied } = augment(tone(1), new Random(1), { sampleRate: rate, steps })
  assert.ok(peak(samples) <= 1 && (applied.gain ?? 99) < 30)
})

test('polarity, shift and reverb', () => {
  const sound = tone(0.5)
  assert.deepEqual(
    only('polarity', -1, sound),
    sound.map((x) => -x),
  )
  const shifted = only('shift', 0.25, sound)
  assert.equal(shifted.length, 0.75 * rate)
  assert.deepEqual(shifted.subarray(0.25 * rate), sound)
  const wet = only('reverb', 0.3, sound)
  assert.ok(rms(wet.subarray(sound.length)) > 0 && wet.length === sound.length + 0.3 * rate)
})

test('what is applied is told with its unit', () => {
  assert.equal(
    writeApplied({ gain: -2.345, speed: 1.1, polarity: -1, bandLimit: 4000, noise: 12.5 }),
    'speed ×1.1, polarity, bandLimit 4000 Hz, noise 12.5 dB below, gain −2.35 dB',
  )
  assert.equal(writeApplied({}), 'nothing')
})

test('the given samples stay as they are and the same seed gives the same result', () => {
  const sound = tone(0.5)
  for (let seed = 0; seed < 20; seed++) {
    const once = augment(sound, new Random(seed), { sampleRate: rate })
    assert.deepEqual(once, augment(sound, new Random(seed), { sampleRate: rate }))
    assert.ok(once.samples.every(Number.isFinite))
  }
  assert.deepEqual(sound, tone(0.5))
})
