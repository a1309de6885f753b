import { being, isNumber } from '../check-options.js'
import { DecodeError } from './decoded.js'
import { expectSampleRate } from './resample.js'

/** The longest audio that is decoded unless more is asked for, in seconds: an hour, 220 MiB at 16 kHz. */
export const MOST_SECONDS = 3600

/** What the limit may be: `Infinity`, too. */
export const maxSeconds = being('a number above 0', (value) => isNumber(value) && value > 0)

/**
 * Audio that is longer than it may be. A few bytes of a compressed file may be minutes of silence, so the length of what
 * a stranger gives has to be looked at before its samples fill the memory.
 */
export class TooLongError extends DecodeError {
  constructor(maxSeconds: number, got: string) {
    super(`expected at most ${maxSeconds} s of audio, got ${got}`, {
      hint: 'Cut it in parts, or allow more with `maxSeconds` (`pal ask --max-seconds`).',
    })
  }
}

/**
 * Checks the number of samples per channel that there are.
 * @throws TooLongError for too many, and PalError for a rate that cannot be
 */
export function expectWithin(maxSeconds: number, samples: number, sampleRate: number): void {
  const seconds = secondsOf(samples, sampleRate)
  if (seconds > maxSeconds) throw new TooLongError(maxSeconds, rounded(seconds))
}

/** Checks the samples that have been decoded before all are. @throws as `expectWithin` does */
export function expectWithinSoFar(maxSeconds: number, samples: number, sampleRate: number): void {
  const seconds = secondsOf(samples, sampleRate)
  if (seconds > maxSeconds) throw new TooLongError(maxSeconds, `${rounded(seconds)} and perhaps more`)
}

/**
 * Checks what a file says of its length, before it is decoded.
 * @param seconds undefined where it says nothing
 * @throws TooLongError for too many
 */
export function expectDeclaredWithin(maxSeconds: number, seconds: number | undefined): void {
  if (seconds === undefined || seconds <= maxSeconds) return
  throw new TooLongError(maxSeconds, `a file that says it has ${rounded(seconds)}`)
}

/** No samples need no rate: a file that is cut short before the first may not have said it. */
function secondsOf(samples: number, sampleRate: number): number {
  if (samples === 0) return 0
  expectSampleRate(sampleRate)
  return samples / sampleRate
}

/** Up, so that it is seen to be more than allowed. */
function rounded(seconds: number): string {
  return `${(Math.ceil(seconds * 100) / 100).toFixed(2)} s`
}
