import { access } from 'node:fs/promises'
import { relative } from 'node:path'
import { isTooLong, whySilent } from '../../audio/read-audio.js'
import { isNoSuchFile } from '../../reading.js'
import type { Place } from '../place.js'
import { isShards } from '../shards/shard-files.js'
import { peak } from '../signal/level.js'
import { readStored, type StoredAudio } from '../stored-audio.js'
import { readManifest } from './manifest.js'
import { type CheckedRow, forTrainingAlone, type RowFault, rowFaults } from './row-faults.js'
import { readShardRows } from './shard-examples.js'

/** What is wrong with a row, or with an audio that it uses, and where the row stands. */
export interface Problem extends Place {
  /** The absolute path of the audio that it is about, if it is about one, or its place in a shard. */
  readonly audio?: string
  readonly kind: AudioFault['kind'] | RowFault['kind']
  readonly message: string
}

interface AudioFault {
  readonly kind: 'missing' | 'unreadable' | 'damaged' | 'silent' | 'too-short' | 'too-long'
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
  /** Distinct audio files, or audios in shards. */
  readonly files: number
  /** In the order of the rows; a file with a problem is told for every row that uses it. */
  readonly problems: readonly Problem[]
  /** Rows that are good for training alone, and what the decoder noticed in files without a problem, such as samples that are out of range. */
  readonly warnings: readonly string[]
  /** Of all files that can be read, each counted once. */
  readonly seconds: number
}

/** −80 dB full scale: below it a 16-bit file holds nothing but its last bits. */
const silentPeak = 1e-4

/**
 * Reads every audio of a manifest or of shards (with messages or labels), each once, and tells what is wrong with it and with the
 * rows before anything is trained or asked.
 * @throws PalError for a row that is itself malformed (see `readManifest`).
 */
export async function checkManifest(path: string, options: CheckOptions = {}): Promise<ManifestCheck> {
  const rows = (await isShards(path)) ? await readShardRows(path) : await readManifest(path)
  const audios = new Map(rows.flatMap((row) => row.audios.map((audio) => [audio.name, audio] as const)))
  const found = new Map<string, Finding>()
  for (const [name, audio] of audios) {
    found.set(name, await inspect(audio, options))
    options.onProgress?.(found.size, audios.size)
  }
  const seconds = [...found.values()].reduce((sum, finding) => sum + finding.seconds, 0)
  return {
    rows: rows.length,
    files: audios.size,
    problems: problemsOf(rows, found),
    warnings: [
      ...forTrainingAlone(rows),
      ...[...found.values()].flatMap((finding) => finding.warnings ?? []),
    ],
    seconds,
  }
}

interface Finding {
  readonly seconds: number
  readonly warnings?: readonly string[]
  readonly problem?: AudioFault
}

function problemsOf(rows: readonly CheckedRow[], found: ReadonlyMap<string, Finding>): Problem[] {
  const faultOf = rowFaults()
  return rows.flatMap((row) => {
    const { place, audios } = row
    const fault = faultOf(row)
    const heard = [...new Set(audios.map(({ name }) => name))].flatMap((audio) => {
      const problem = found.get(audio)?.problem
      return problem ? [{ ...place, audio, ...problem }] : []
    })
    return [...(fault ? [{ ...place, ...fault }] : []), ...heard]
  })
}

async function inspect(
  audio: StoredAudio,
  { minSeconds = 0, maxSeconds = Number.POSITIVE_INFINITY, sampleRate = 16_000 }: CheckOptions,
): Promise<Finding> {
  const name = relative('', audio.name)
  try {
    const where = await audio.open()
    if (typeof where === 'string') await access(where)
    const { samples, seconds, source, damaged, warnings } = await readStored(audio, sampleRate)
    // What is left of a file is short, or silent, because it is damaged.
    if (damaged) return { seconds, problem: { kind: 'damaged', message: named(warnings, audio, name) } }
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
      const message = `${name} holds nothing but silence${whySilent(source.channels)}`
      return { seconds, problem: { kind: 'silent', message } }
    }
    return { seconds, warnings }
  } catch (error) {
    if (isMissing(error)) return { seconds: 0, problem: { kind: 'missing', message: messageOf(error, name) } }
    if (isTooLong(error))
      return { seconds: 0, problem: { kind: 'too-long', message: messageOf(error, name) } }
    return { seconds: 0, problem: { kind: 'unreadable', message: messageOf(error, name) } }
  }
}

/** Whether the system said that there is no such file, to us or to whoever tried to open it. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && (isNoSuchFile(error) || isMissing(error.cause))
}

/** A decoder's warnings, of which each begins with what the audio is called. */
function named(warnings: readonly string[], audio: StoredAudio, name: string): string {
  return warnings.map((warning) => warning.replace(audio.name, () => name)).join('; ')
}

function messageOf(error: unknown, name: string): string {
  if (isNoSuchFile(error)) return `there is no file ${name}`
  return error instanceof Error ? error.message : String(error)
}
