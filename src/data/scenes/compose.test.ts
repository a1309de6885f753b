import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { loaded, rate, smallSet, tone } from '../audio.test.fixtures.js'
import { activeRms, rms, toDecibels } from '../signal/level.js'
import { composeNoise, composeSilence } from './background.js'
import { composeScene, type SceneOptions, shortestScene } from './compose.js'
import type { Scene } from './scene.js'

const clips = smallSet()
const draw = (seed: number, count: number, options: SceneOptions = {}) => {
  const random = new Random('compose', seed)
  return composeScene(random.shuffle(clips).slice(0, count), random, options)
}
const within = ({ samples }: Scene, start: number, end: number) =>
  samples.subarray(Math.round(start * rate), Math.round(end * rate))

test('events say where the energy is and how much', () => {
  for (let seed = 0; seed < 60; seed++) {
    const scene = draw(seed, 1 + (seed % 4), { noiseBelowDb: false })
    const energy = (samples: Float32Array) => rms(samples) ** 2 * samples.length
    const inEvents = scene.events.reduce(
      (sum, { startSeconds, endSeconds }) => sum + energy(within(scene, startSeconds, endSeconds)),
      0,
    )
    assert.ok(inEvents > 0.999 * energy(scene.samples), `seed ${seed}`)
    for (const { startSeconds, endSeconds, levelDb } of scene.events) {
      const measured = toDecibels(activeRms(within(scene, startSeconds, endSeconds), rate))
      assert.ok(Math.abs(measured - levelDb) < 0.05, `seed ${seed}: ${measured} dB, said ${levelDb} dB`)
    }
  }
})

test('events come in order, apart, and within the scene and its limit', () => {
  for (let seed = 0; seed < 200; seed++) {
    const scene = draw(seed, 1 + (seed % 4), { maxSeconds: 6 })
    assert.equal(scene.seconds, scene.samples.length / rate)
    assert.ok(scene.seconds <= 6.001)
    for (const [i, event] of scene.events.entries()) {
      assert.ok(event.endSeconds > event.startSeconds && event.endSeconds <= scene.seconds + 1e-9)
      assert.ok(event.startSeconds >= (scene.events[i - 1]?.endSeconds ?? -0.1) + 0.099)
    }
  }
})

test('overlapping events still start and end in order', () => {
  let overlaps = 0
  for (let seed = 0; seed < 100; seed++) {
    const { events } = draw(seed, 3, { overlap: 1 })
    for (const [i, event] of events.slice(1).entries()) {
      const before = events[i] as typeof event
      assert.ok(event.startSeconds > before.startSeconds && event.endSeconds > before.endSeconds)
      if (event.startSeconds < before.endSeconds) overlaps++
    }
  }
  assert.ok(overlaps > 150)
})

test('digits are never cut and sounds are', () => {
  const scene = composeScene(
    [
      loaded('rain', 'sound', tone(5)),
      loaded('two', 'digit', tone(1.9)),
      loaded('tom', 'drum', tone(3, 100, 0.5, 3)),
    ],
    new Random(1),
    { maxSeconds: 3.2, clipSeconds: [1, 2.5] },
  )
  const [rain, two, tom] = scene.events.map(({ startSeconds, endSeconds }) => endSeconds - startSeconds)
  assert.ok((rain ?? 9) <= 2.5 && (tom ?? 9) <= 1)
  assert.ok(Math.abs((two ?? 0) - 1.9) < 0.011)
})

test('a quiet consonant at the end of a digit stays', () => {
  const six = tone(0.6, 300, 0.5)
  six.fill(0, 0.3 * rate)
  six.set(tone(0.2, 5000, 0.5 * 10 ** (-45 / 20)), 0.4 * rate)
  const scene = composeScene([loaded('six', 'digit', six)], new Random(1), { noiseBelowDb: false })
  const [event] = scene.events
  assert.ok(event && Math.abs(event.endSeconds - event.startSeconds - 0.6) < 0.001)
  assert.ok(rms(within(scene, event.startSeconds + 0.4, event.endSeconds)) > 0)
})

test('a cut sound keeps its loudest moment', () => {
  const samples = tone(5, 440, 0.01)
  samples.set(tone(0.2, 440, 0.5), 3.3 * rate)
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed)
    const scene = composeScene([loaded('dog bark', 'sound', samples)], random, { noiseBelowDb: false })
    const crest = toDecibels(activeRms(scene.samples, rate) / rms(scene.samples))
    assert.ok(crest > 3, 'a bark of 0.2 s stands out of its background')
  }
})

test('a scene fits whenever shortestScene says so, and an error says the seconds otherwise', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random('fit', seed)
    const cast = random.shuffle(clips).slice(0, 1 + (seed % 4))
    const alter = (samples: Float32Array) => {
      const longer = new Float32Array(2 * samples.length)
      longer.set(samples)
      longer.set(samples, samples.length)
      return longer
    }
    for (const options of [{}, { alter }]) {
      const maxSeconds = shortestScene(cast, options)
      assert.ok(composeScene(cast, random, { ...options, maxSeconds }).seconds <= maxSeconds + 0.001)
    }
  }
  const digit = loaded('two', 'digit', tone(1.5))
  assert.throws(
    () => composeScene([digit, digit], new Random(1), { maxSeconds: 2 }),
    /maxSeconds: .*2 s, got 2 that need 3\.10 s/,
  )
})

test('a scene never clips, and the levels say what is left', () => {
  const scene = draw(3, 4, { levelDb: [0, 6], noiseBelowDb: false })
  assert.ok(scene.samples.every((x) => Math.abs(x) <= 1))
  for (const event of scene.events) {
    const measured = toDecibels(activeRms(within(scene, event.startSeconds, event.endSeconds), rate))
    assert.ok(Math.abs(measured - event.levelDb) < 0.05)
  }
})

test('the same seed gives the same scene', () => {
  assert.deepEqual(draw(7, 3), draw(7, 3))
  assert.notDeepEqual(draw(7, 3).events, draw(8, 3).events)
})

test('silence is quiet and noise is not', () => {
  for (let seed = 0; seed < 20; seed++) {
    const silence = composeSilence(0.5, rate, new Random(seed))
    const noise = composeNoise(0.5, rate, new Random(seed))
    assert.ok(toDecibels(rms(silence.samples)) < -74.9)
    assert.ok(toDecibels(rms(noise.samples)) > -50.1)
    assert.ok(noise.samples.every((x) => Math.abs(x) < 1))
    assert.deepEqual(
      [silence, noise].map(({ events }) => events[0]?.label),
      ['silence', 'noise'],
    )
  }
})
