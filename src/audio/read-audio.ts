import { abortSignal, being, type Checks, checkOptions, text } from '../check-options.js'
import { PalError } from '../errors.js'
import type { Audio, AudioSource } from './audio.js'
import { awake } from './awake.js'
import { withoutId3 } from './bytes.js'
import { decode } from './decode.js'
import { type Decoded, DecodeError } from './decoded.js'
import { identify } from './identify.js'
import { expectWithin, MOST_SECONDS, maxSeconds, TooLongError } from './length-limit.js'
import { type Loadable, loadBytes } from './load-bytes.js'
import { isSampleRate, resample } from './resample.js'

export interface ReadAudioOptions {
  /** Hz of the samples that are given back: a whole number from 1000 to 768000. Default: 16000. */
  readonly sampleRate?: number
  /** What to call the source in messages. Default: its path, or the kind of source that it is. */
  readonly name?: string
  /**
   * The longest audio, in seconds, that is read; what is longer is refused as early as its format lets one know.
   * `Infinity` reads whatever there is. Default: 3600, an hour.
   */
  readonly maxSeconds?: number | undefined
  /** Stops the reading. */
  readonly signal?: AbortSignal | undefined
}

const OPTIONS: Checks<ReadAudioOptions> = {
  sampleRate: being('a whole number of Hz from 1000 to 768000', isSampleRate),
  name: text,
  maxSeconds,
  signal: abortSignal,
}

/**
 * Reads a sound whole: finds its format from its content, decodes it, mixes it down to mono (the mean of the
 * channels) and resamples it.
 *
 * @param source a path or a file: URL, '-' for standard input, the bytes of a file, or a stream of them
 * @throws PalError for a bad option, when there is no such file, when it is empty, not audio, of an unsupported kind,
 *   longer than `maxSeconds`, or holds no samples or samples that are not numbers. A file that is cut short, silent or
 *   out of range gives a warning.
 */
export async function readAudio(source: Loadable, options: ReadAudioOptions = {}): Promise<Audio> {
  checkOptions(options, OPTIONS, '{ sampleRate: 16000 }')
  const { signal } = options
  const { name, bytes } = await loadBytes(source, options.name, signal)
  if (bytes.length === 0) throw new PalError('expected audio, got an empty file (0 bytes)', { file: name })
  try {
    return await awake(() => fromBytes(bytes, name, options))
  } catch (error) {
    signal?.throwIfAborted()
    throw asPalError(error, name)
  }
}

/** Whether it is what `readAudio` refused audio for that is longer than it may be. */
export function isTooLong(error: unknown): error is PalError & { readonly cause: TooLongError } {
  return error instanceof PalError && error.cause instanceof TooLongError
}

/** Sound that nobody need decode. */
export interface Samples {
  /** [time], mono, nominally within [-1, 1]. */
  readonly samples: Float32Array
  /** Hz. */
  readonly sampleRate: number
  readonly source?: Pick<AudioSource, 'name'>
  /** What whoever decoded it found. */
  readonly warnings?: readonly string[]
}

/**
 * The same of sound that is decoded: checked like that of a file, and resampled.
 * @throws PalError for no samples, samples that are not numbers, and a rate that cannot be
 */
export async function readSamples(
  { samples, sampleRate, source, warnings: given = [] }: Samples,
  rate: number,
): Promise<Pick<Audio, 'samples' | 'seconds' | 'warnings'>> {
  const name = source?.name ?? 'audio'
  const decoded = { samples, sampleRate, channels: 1, completeness: { complete: true } }
  try {
    const peak = checkedPeak(decoded)
    const resampled = await awake(() => resample(samples, sampleRate, rate))
    const found = warnings(decoded, samples.length / sampleRate, peak).map((warning) => `${name}: ${warning}`)
    // Whoever has given warnings has looked, before it was resampled.
    return {
      samples: resampled,
      seconds: resampled.length / rate,
      warnings: given.length > 0 ? given : found,
    }
  } catch (error) {
    // What a DecodeError advises is about files.
    throw error instanceof DecodeError
      ? new PalError(error.message, { file: name, cause: error })
      : asPalError(error, name)
  }
}

async function fromBytes(
  bytes: Uint8Array,
  name: string,
  { sampleRate = 16000, maxSeconds = MOST_SECONDS, signal }: ReadAudioOptions,
): Promise<Audio> {
  const untagged = withoutId3(bytes)
  const format = identify(untagged)
  const decoded = await decode(untagged, format, maxSeconds)
  signal?.throwIfAborted()
  expectWithin(maxSeconds, decoded.samples.length, decoded.sampleRate)
  const seconds = decoded.samples.length / decoded.sampleRate
  const peak = checkedPeak(decoded)
  const samples = await resample(decoded.samples, decoded.sampleRate, sampleRate)
  return {
    samples,
    sampleRate,
    seconds: samples.length / sampleRate,
    source: { name, format, sampleRate: decoded.sampleRate, channels: decoded.channels, seconds },
    ...(!decoded.completeness.complete && { damaged: true as const }),
    warnings: warnings(decoded, seconds, peak).map((warning) => `${name}: ${warning}`),
  }
}

/** The largest magnitude. No samples, or one that is not a number, would poison whatever comes after. */
function checkedPeak({ samples, sampleRate, completeness }: Decoded): number {
  if (samples.length === 0) {
    const reason = completeness.complete
      ? 'it has no samples'
      : 'the file is cut short or damaged before its first sample'
    throw new DecodeError(`expected audio, but ${reason}`)
  }
  let peak = 0
  for (let i = 0; i < samples.length; i++) {
    const magnitude = Math.abs(samples[i]!)
    if (magnitude > peak) peak = magnitude
    if (!Number.isFinite(magnitude)) {
      const at = (i / sampleRate).toFixed(3)
      throw new DecodeError(`expected samples that are numbers, got ${samples[i]} at ${at} s (sample ${i})`, {
        hint: 'The program that wrote the file made a mistake: export it again, as 16-bit for example.',
      })
    }
  }
  return peak
}

/** What a sentence about silence adds where it may come of mixing down. */
export function whySilent(channels: number): string {
  return channels > 1 ? `, mixed down: its ${channels} channels may cancel each other out` : ''
}

/** Below the smallest step of 16-bit audio: nobody can hear that, and no model can. */
const SILENCE = 1 / 32768
/** Above what a lossy codec may overshoot by: then the samples are on another scale. */
const OUT_OF_RANGE = 2

function warnings({ sampleRate, channels, completeness }: Decoded, seconds: number, peak: number): string[] {
  const found: string[] = []
  if (!completeness.complete) {
    const { declared, lost = 0 } = completeness
    const lostSeconds = lost / sampleRate
    const whole = declared === undefined ? '' : ` of ${(declared / sampleRate).toFixed(2)} s`
    const filled =
      lost === 0 ? '' : `, with silence in the place of ${lostSeconds.toFixed(2)} s that are damaged`
    found.push(
      `the file is cut short or damaged: decoded ${(seconds - lostSeconds).toFixed(2)} s${whole}${filled}`,
    )
  }
  if (peak < SILENCE) {
    found.push(
      `the audio is silent: no sample in ${seconds.toFixed(2)} s is above -90 dB${whySilent(channels)}`,
    )
  }
  if (peak > OUT_OF_RANGE) found.push(`the samples reach ${peak.toPrecision(3)}, where [-1, 1] was expected`)
  return found
}

/** Whatever a decoder throws is about this file, and its stack is no use to the user. */
function asPalError(error: unknown, name: string): PalError {
  if (error instanceof PalError)
    return error.details.file ? error : new PalError(error.message, { file: name, cause: error })
  if (error instanceof DecodeError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    return new PalError(error.message, { file: name, cause: error, ...hint })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new PalError(`expected audio that can be decoded, but the decoder said: ${reason}`, {
    file: name,
    cause: error,
  })
}
