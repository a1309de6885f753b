import { access } from 'node:fs/promises'
import { relative } from 'node:path'
import { readAudio } from '../audio/read-audio.js'
import { peak } from './level.js'
import { type Example, readManifest } from './manifest.js'

export interface Problem {
  readonly line: number
  /** Absolute path. */
  readonly audio: string
  readonly kind: 'missing' | 'unreadable' | 'silent' | 'too-short' | 'too-long'
  readonly message: string
}

export interface CheckOptions {
  readonly minSeconds?: number
  readonly maxSeconds?: number
  readonly sampleRate?: number
  readonly onProgress?: (done: number, total: number) => void
}

export interface ManifestCheck {
  readonly rows: number
  /** Distinct audio files. */
  readonly files: number
  /** In the order of the lines; a file with a problem is told for every line that uses it. */
  readonly problems: readonly Problem[]
  /** What the decoder noticed in files without a problem, such as one that is cut short. */
  readonly warnings: readonly string[]
  /** Of all files that can be read, each counted once. */
  readonly seconds: number
}

/** −80 dB full scale: below it a 16-bit file holds nothing but its last bits. */
const silentPeak = 1e-4

/**
 * Reads every audio of a manifest, each file once, and tells what is wrong before anything is trained.
 * @throws PalError for a row that is itself malformed (see `readManifest`).
 */
export async function checkManifest(path: string, options: CheckOptions = {}): Promise<ManifestCheck> {
  const examples = await readManifest(path)
  const files = [...new Set(examples.flatMap((example) => example.audios))]
  const found = new Map<string, Finding>()
  for (const file of files) {
    found.set(file, await inspect(file, options))
    options.onProgress?.(found.size, files.length)
  }
  const seconds = [...found.values()].reduce((sum, finding) => sum + finding.seconds, 0)
  return {
    rows: examples.length,
    files: files.length,
    problems: problemsOf(examples, found),
    warnings: [...found.values()].flatMap((finding) => finding.warnings ?? []),
    seconds,
  }
}

interface Finding {
  readonly seconds: number
  readonly warnings?: readonly string[]
  readonly problem?: Pick<Problem, 'kind' | 'message'>
}

function problemsOf(examples: readonly Example[], found: ReadonlyMap<string, Finding>): Problem[] {
  return examples.flatMap(({ line, audios }) =>
    [...new Set(audios)].flatMap((audio) => {
      const problem = found.get(audio)?.problem
      return problem ? [{ line, audio, ...problem }] : []
    }),
  )
}

async function inspect(
  file: string,
  { minSeconds = 0, maxSeconds = Number.POSITIVE_INFINITY, sampleRate = 16_000 }: CheckOptions,
): Promise<Finding> {
  const name = relative('', file)
  try {
    await access(file)
  } catch {
    return { seconds: 0, problem: { kind: 'missing', message: `there is no file ${name}` } }
  }
  try {
    const { samples, seconds, warnings } = await readAudio(file, { sampleRate })
    const length = `${name} has ${seconds.toFixed(2)} s`
    if (seconds < minSeconds) {
      return {
        seconds,
        problem: { kind: 'too-short', message: `${length}, at least ${minSeconds} s are asked for` },
      }
    }
    if (seconds > maxSeconds) {
      return {
        seconds,
        problem: { kind: 'too-long', message: `${length}, at most ${maxSeconds} s are allowed` },
      }
    }
    if (peak(samples) < silentPeak) {
      return { seconds, problem: { kind: 'silent', message: `${name} holds nothing but silence` } }
    }
    return { seconds, warnings }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { seconds: 0, problem: { kind: 'unreadable', message } }
  }
}
