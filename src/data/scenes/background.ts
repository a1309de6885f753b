import type { Random } from '../../random.js'
import { fromDecibels } from '../signal/level.js'
import { makeNoise } from '../signal/noise.js'
import type { Scene } from './scene.js'

/** The labels of scenes in which nothing happens. */
export const backgroundLabels = ['silence', 'noise'] as const
export type BackgroundLabel = (typeof backgroundLabels)[number]

/** Quiet noise above one level and silence below another, with 25 dB between that are called neither. */
const quietestNoiseDb = -50
const loudestNoiseDb = -14
const loudestSilenceDb = -75

/** A scene of silence: digital zeros, or the hiss of a good recorder. */
export function composeSilence(seconds: number, sampleRate: number, random: Random): Scene {
  const levelDb = random.chance(0.3) ? Number.NEGATIVE_INFINITY : random.uniform(-96, loudestSilenceDb)
  return background('silence', seconds, sampleRate, levelDb, random)
}

/** A scene of steady noise: white, pink or brown. */
export function composeNoise(seconds: number, sampleRate: number, random: Random): Scene {
  return background('noise', seconds, sampleRate, random.uniform(quietestNoiseDb, loudestNoiseDb), random)
}

function background(
  label: BackgroundLabel,
  seconds: number,
  sampleRate: number,
  levelDb: number,
  random: Random,
): Scene {
  const length = Math.round(seconds * sampleRate)
  const color = random.pick(['white', 'pink', 'brown'] as const)
  const samples = makeNoise(length, color, fromDecibels(levelDb), random)
  const event = {
    label,
    kind: 'background',
    startSeconds: 0,
    endSeconds: length / sampleRate,
    levelDb,
  } as const
  return { samples, sampleRate, seconds: length / sampleRate, events: [event] }
}
