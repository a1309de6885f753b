import type { Random } from '../../random.js'
import { activeSpan, loudestSample } from '../signal/level.js'
import type { ClipKind } from './clip.js'

/** An alteration may lengthen a part by this factor; what is longer (a reverb's tail) is cut off. */
export const longestStretch = 1.25

/** Seconds. Of what is shorter nobody could tell what it is a recording of. */
export const shortestSeconds = 0.05

/**
 * At most `length` samples of a clip, so that its label still holds: a drum keeps its beginning, a sound its
 * loudest moment, at a random place (in the middle without a generator), and a digit is given back whole.
 */
export function crop(
  samples: Float32Array,
  length: number,
  kind: ClipKind,
  sampleRate: number,
  random?: Random,
): Float32Array {
  if (samples.length <= length || kind === 'digit') return samples
  if (kind === 'drum') return samples.subarray(0, length)
  const loudest = loudestSample(samples, sampleRate)
  const margin = Math.min(length / 4, 0.05 * sampleRate)
  const offset = margin + (random?.next() ?? 0.5) * (length - 2 * margin)
  const start = Math.min(Math.max(0, Math.round(loudest - offset)), samples.length - length)
  return samples.subarray(start, start + length)
}

/**
 * Where a clip sounds. A digit's pauses stay: a quiet consonant at its start or end ("six") lies so far below
 * its vowel that no threshold tells the two from silence.
 */
export function sounding(samples: Float32Array, kind: ClipKind, sampleRate: number): Float32Array {
  if (kind === 'digit') return samples
  const { start, end } = activeSpan(samples, sampleRate)
  return samples.subarray(start, end)
}

/** How far a part of so many seconds may be shortened. Digits are never cut: half a word is another word. */
export function shortestPart(kind: ClipKind, seconds: number): number {
  return kind === 'digit' ? seconds : Math.min(seconds, kind === 'drum' ? 0.25 : 0.5)
}
