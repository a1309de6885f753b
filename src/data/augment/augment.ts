import type { Random } from '../../random.js'
import { longestStretch } from '../clips/crop.js'
import { expectRange, type Range } from '../range.js'
import { bandLimit, reverb, speed, tilt } from '../signal/filters.js'
import { activeRms, fromDecibels, peak, toDecibels } from '../signal/level.js'
import { makeNoise } from '../signal/noise.js'
import type { Applied } from './applied.js'

/** How often a step is applied and the range of its amount, drawn uniformly. */
export interface Step {
  readonly probability: number
  readonly range: Range
}

/** The steps in the order in which they are applied. */
export const augmentDefaults = {
  /** Factor of speed and pitch together. */
  speed: { probability: 0.8, range: [0.8, 1.25] },
  /** −1: the same sound upside down. */
  polarity: { probability: 0.5, range: [-1, -1] },
  /** Decibels from the lowest to the highest frequencies. */
  tilt: { probability: 0.4, range: [-8, 8] },
  /** Seconds until the tail has fallen by 60 dB. */
  reverb: { probability: 0.25, range: [0.1, 0.4] },
  /** Highest frequency left, in Hz. Half of all recordings end here, so a narrow band tells no domain. */
  bandLimit: { probability: 0.5, range: [4000, 4000] },
  /** Seconds of silence put before the sound. */
  shift: { probability: 0.5, range: [0, 0.25] },
  /** Signal to noise in dB, the signal measured while it sounds. */
  noise: { probability: 0.4, range: [10, 35] },
  /** Decibels; less where more would clip. */
  gain: { probability: 1, range: [-15, 6] },
} as const satisfies Record<string, Step>

export type StepName = keyof typeof augmentDefaults

export const stepNames = Object.keys(augmentDefaults) as readonly StepName[]

/** For parts of a scene, which has its own levels, times and background. */
export const augmentInScene = {
  shift: { probability: 0 },
  noise: { probability: 0 },
  gain: { probability: 0 },
} as const satisfies AugmentSteps

export type AugmentSteps = { readonly [name in StepName]?: Partial<Step> }

/** The same steps, none of which is ever applied: what a source leaves room for stays as it is. */
export function neverApplied(steps: AugmentSteps): AugmentSteps {
  return Object.fromEntries(stepNames.map((name) => [name, { ...steps[name], probability: 0 }]))
}

/** The least that an amount may be, where there is one. */
const leastAmounts: { readonly [name in StepName]?: number } = {
  /** Slower, and the end of a word would be taken for a reverb's tail. */
  speed: 1 / longestStretch,
  reverb: 0,
  /** At 0 there is no sound left to be made as loud as it was. */
  bandLimit: 1,
  shift: 0,
}

/** @throws PalError for a step whose amounts are none, naming it as one of a source */
export function checkAugment(steps: AugmentSteps | false, source: string): void {
  for (const name of stepNames) {
    const range = steps ? steps[name]?.range : undefined
    if (range) expectRange(range, `${source}.augment.${name}.range`, leastAmounts[name])
  }
}

export interface AugmentOptions {
  readonly sampleRate: number
  /** Changes to the defaults; `{ probability: 0 }` leaves a step out. */
  readonly steps?: AugmentSteps
}

export interface Augmented {
  readonly samples: Float32Array
  readonly applied: Applied
}

/**
 * How long audio may be for what becomes of it to be no longer than `maxSeconds`, but for the tail of a reverb: it may be
 * slowed down, and silence put before it.
 */
export function roomFor(maxSeconds: number, steps: AugmentSteps): number {
  const speed: Step = { ...augmentDefaults.speed, ...steps.speed }
  const shift: Step = { ...augmentDefaults.shift, ...steps.shift }
  const silence = shift.probability > 0 ? shift.range[1] : 0
  return (maxSeconds - silence) * (speed.probability > 0 ? Math.min(1, speed.range[0]) : 1)
}

/** A changed copy of a recording whose label stays the same. */
export function augment(
  samples: Float32Array,
  random: Random,
  { sampleRate, steps = {} }: AugmentOptions,
): Augmented {
  const applied: Partial<Record<StepName, number>> = {}
  let changed: Float32Array = samples.slice()
  for (const name of stepNames) {
    const { probability, range } = { ...augmentDefaults[name], ...steps[name] }
    if (!random.chance(probability)) continue
    const amount = random.uniform(...range)
    const result = apply[name](changed, amount, sampleRate, random)
    changed = result.samples
    applied[name] = result.amount ?? amount
  }
  return { samples: changed, applied }
}

/** Applies a step, in place where the length stays. `amount` is given back where it is not what was asked. */
type Apply = (
  samples: Float32Array,
  amount: number,
  sampleRate: number,
  random: Random,
) => { readonly samples: Float32Array; readonly amount?: number }

const apply: Readonly<Record<StepName, Apply>> = {
  speed: (samples, factor) => ({ samples: speed(samples, factor) }),

  polarity: (samples) => ({ samples: scale(samples, -1) }),

  tilt: (samples, decibels, sampleRate) => ({ samples: tilt(samples, decibels, sampleRate) }),

  reverb: (samples, seconds, sampleRate, random) => ({
    samples: reverb(samples, seconds, sampleRate, random),
  }),

  bandLimit: (samples, highest, sampleRate) => ({ samples: bandLimit(samples, highest, sampleRate) }),

  shift(samples, seconds, sampleRate) {
    const silence = Math.round(seconds * sampleRate)
    const shifted = new Float32Array(silence + samples.length)
    shifted.set(samples, silence)
    return { samples: shifted }
  },

  noise(samples, snr, sampleRate, random) {
    const level = activeRms(samples, sampleRate) * fromDecibels(-snr)
    const noise = makeNoise(samples.length, random.pick(['white', 'pink', 'brown']), level, random)
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] as number) + (noise[i] as number)
    return { samples }
  },

  gain(samples, decibels) {
    const gain = Math.min(fromDecibels(decibels), 0.99 / Math.max(peak(samples), Number.MIN_VALUE))
    return { samples: scale(samples, gain), amount: toDecibels(gain) }
  },
}

function scale(samples: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] as number) * factor
  return samples
}
