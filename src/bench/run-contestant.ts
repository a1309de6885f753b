import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PalError } from '../errors.js'
import type { AnswerTimes } from './answer-run.js'
import type { BenchConfiguration } from './configuration.js'
import type { Rates } from './machine.js'

/** What a contestant's process is asked for. */
export interface ContestantTask {
  readonly kind: 'peaks' | 'products' | 'measure'
  readonly configuration: BenchConfiguration
  /** The folder of random weights. */
  readonly weights: string
  /** Steps that are not counted. */
  readonly warmUp: number
  readonly steps: number
}

/** What it tells. */
export type ContestantEvent =
  | ({ readonly kind: 'peaks' } & Rates)
  | { readonly kind: 'products'; readonly milliseconds: number }
  | { readonly kind: 'ready'; readonly loadMs: number }
  | ({ readonly kind: 'sample'; readonly milliseconds: number } & Partial<AnswerTimes>)
  | { readonly kind: 'done'; readonly peakMiB: number }

/** What each process runs. */
export const CONTESTANT = new URL('./contestant.js', import.meta.url)

/** @returns what a process told, and, if it did not end well, why */
export function runContestant(
  task: ContestantTask,
  signal?: AbortSignal,
): Promise<{ events: readonly ContestantEvent[]; failure?: string }> {
  const file = fileURLToPath(CONTESTANT)
  const child = spawn(process.execPath, [file, JSON.stringify(task)], {
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
    child.on('error', (cause) => reject(new PalError('expected to start a process', { file, cause })))
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop)
      // Behind the last line's end is nothing, or what a kill has cut.
      const lines = output.split('\n').slice(0, -1)
      const events = lines.map((line) => JSON.parse(line) as ContestantEvent)
      if (code === 0) return resolve({ events })
      const failure = killed ? `ended by ${killed}, as when memory runs out` : reasonIn(complaint)
      resolve({ events, failure: failure || `exit code ${code}` })
    })
  })
}

/** The line of a stack trace that says what went wrong; before it Node prints the line of code that threw. */
function reasonIn(complaint: string): string {
  const lines = complaint.trim().split('\n')
  return (
    lines.find((line) => /^\w*Error\b/.test(line)) ??
    lines.find((line) => /error/i.test(line)) ??
    lines.join(' ')
  )
}
