import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PalError } from '../errors.js'
import { writeAtomically } from '../weights/write-atomically.js'
import type { AnswerTimes } from './answer-run.js'
import { type BenchConfiguration, nameOf } from './configuration.js'
import { busyCores, type Peaks } from './machine.js'

/** What a contestant's process is asked for. */
export interface ContestantTask {
  readonly kind: 'peaks' | 'measure'
  readonly configuration: BenchConfiguration
  /** The folder of random weights. */
  readonly weights: string
  /** Steps that are not counted. */
  readonly warmUp: number
  readonly steps: number
}

/** What it tells. */
export type ContestantEvent =
  | ({ readonly kind: 'peaks' } & Peaks)
  | { readonly kind: 'ready'; readonly loadMs: number }
  | ({ readonly kind: 'sample'; readonly milliseconds: number } & Partial<AnswerTimes>)
  | { readonly kind: 'done'; readonly peakMiB: number }

/** One configuration's turn in one round. */
export interface Visit {
  readonly name: string
  readonly round: number
  readonly configuration: BenchConfiguration
  /** Until the first step. */
  readonly loadMs: number
  readonly samples: readonly Sample[]
  readonly peakMiB: number
  /** Cores that others kept busy just before. */
  readonly load: number
  readonly at: string
  /** Why there are no samples. */
  readonly failure?: string
}

export interface Sample extends Partial<AnswerTimes> {
  /** Of a training step, or until an answer's first token, its encoder excluded. */
  readonly milliseconds: number
}

export interface MeasureOptions {
  /** Where results are kept. */
  readonly folder: string
  readonly weights: string
  readonly rounds: number
  readonly warmUp: number
  readonly steps: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number, name: string) => void
}

const VISITS = 'visits.jsonl'
const PEAKS = 'peaks.json'

/**
 * Measures configurations in turns: in every round each has a fresh process, so that its peak memory is its own, and
 * what slows the machine down for a while slows all of them. Every finished turn is kept: the same call goes on where
 * an interrupted one stopped. A configuration that fails, for want of memory for instance, is noted and left out.
 */
export async function measure(
  configurations: readonly BenchConfiguration[],
  { folder, weights, rounds, warmUp, steps, signal, onProgress = () => undefined }: MeasureOptions,
): Promise<{ visits: readonly Visit[]; peaks: Peaks | undefined }> {
  await mkdir(folder, { recursive: true })
  const visits = [...(await readVisits(folder))]
  const [first] = configurations
  const common = { weights, warmUp, steps }
  const peaks = first && (await peaksOf({ kind: 'peaks', configuration: first, ...common }, folder, signal))
  const total = rounds * configurations.length
  for (let round = 0; round < rounds; round++) {
    for (const [i, configuration] of configurations.entries()) {
      const name = nameOf(configuration)
      const mine = visits.filter((visit) => visit.name === name)
      if (mine.some((visit) => visit.round === round || visit.failure !== undefined)) continue
      if (signal?.aborted) return { visits, peaks }
      onProgress(round * configurations.length + i, total, name)
      const visit = await visitOf({ kind: 'measure', configuration, ...common }, name, round, signal)
      if (!visit) return { visits, peaks }
      visits.push(visit)
      await appendFile(join(folder, VISITS), `${JSON.stringify(visit)}\n`)
    }
  }
  const wanted = new Set(configurations.map(nameOf))
  return { visits: visits.filter(({ name }) => wanted.has(name)), peaks }
}

/** Turns that were measured before; a line that was cut by a kill is left out. */
async function readVisits(folder: string): Promise<readonly Visit[]> {
  const path = join(folder, VISITS)
  if (!existsSync(path)) return []
  const text = await readFile(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await writeAtomically(path, whole)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Visit]))
}

async function peaksOf(
  task: ContestantTask,
  folder: string,
  signal?: AbortSignal,
): Promise<Peaks | undefined> {
  const path = join(folder, PEAKS)
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8')) as Peaks
  const { events } = await runContestant(task, signal)
  const found = events.find((event) => event.kind === 'peaks')
  if (!found) return undefined
  const { kind: _, ...peaks } = found
  await writeAtomically(path, `${JSON.stringify(peaks)}\n`)
  return peaks
}

/** @returns nothing if the signal came */
async function visitOf(
  task: ContestantTask,
  name: string,
  round: number,
  signal?: AbortSignal,
): Promise<Visit | undefined> {
  const load = await busyCores()
  const { events, failure } = await runContestant(task, signal)
  if (signal?.aborted) return undefined
  const samples = events.filter((event) => event.kind === 'sample').map(({ kind: _, ...sample }) => sample)
  const { configuration } = task
  return {
    ...{ name, round, configuration, samples, load },
    loadMs: events.find((event) => event.kind === 'ready')?.loadMs ?? 0,
    peakMiB: events.find((event) => event.kind === 'done')?.peakMiB ?? 0,
    at: new Date().toISOString(),
    ...(failure !== undefined && { failure }),
  }
}

const CONTESTANT = fileURLToPath(new URL('./contestant.js', import.meta.url))

function runContestant(
  task: ContestantTask,
  signal?: AbortSignal,
): Promise<{ events: readonly ContestantEvent[]; failure?: string }> {
  const child = spawn(process.execPath, [CONTESTANT, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', stop)
  let [output, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new PalError('expected to start a process', { file: CONTESTANT, cause })),
    )
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop)
      const lines = output.split('\n').filter((line) => line !== '')
      const events = lines.map((line) => JSON.parse(line) as ContestantEvent)
      if (code === 0) return resolve({ events })
      const why =
        complaint
          .trim()
          .split('\n')
          .find((line) => /error/i.test(line)) ?? complaint.trim()
      const failure = killed ? `ended by ${killed}, as when memory runs out` : why || `exit code ${code}`
      resolve({ events, failure })
    })
  })
}
