import { cpus, totalmem } from 'node:os'
import { bootstrap, groupBy } from '../eval/bootstrap.js'
import { accuracy, balancedAccuracy } from '../eval/measures.js'
import type { Sample } from '../eval/run.js'
import type { Run } from './plan.js'
import type { RunCost } from './run.js'

/** A finished run: what it answered and what it cost. */
export interface Finished {
  readonly run: Run
  readonly cost: RunCost
  readonly samples: readonly Sample[]
}

export interface ComparisonRow {
  readonly integration: string
  /** For each task the accuracy of each seed. */
  readonly tasks: Readonly<Record<string, readonly number[]>>
  readonly stepMilliseconds: readonly number[]
  readonly recordingsPerSecond: readonly number[]
  readonly peakMemoryMiB: readonly number[]
  readonly trainedParameters: number
  /** Right answers less the baseline's on the same questions and seeds, with its 95 % interval. */
  readonly difference?: { readonly value: number; readonly low: number; readonly high: number }
}

/** @param baseline the integration that the others are paired with */
export function compareRuns(finished: readonly Finished[], baseline = 'plits'): readonly ComparisonRow[] {
  const groups = groupBy(finished, ({ run }) => run.integration)
  const base = groups.get(baseline)
  return [...groups].map(([integration, runs]) => ({
    integration,
    tasks: tasksOf(runs),
    stepMilliseconds: runs.map(({ cost }) => cost.stepMilliseconds),
    recordingsPerSecond: runs.map(({ cost }) => cost.recordingsPerSecond),
    peakMemoryMiB: runs.map(({ cost }) => cost.peakMemoryMiB),
    trainedParameters: runs[0]?.cost.trainedParameters ?? 0,
    ...(base && integration !== baseline ? { difference: paired(runs, base) } : {}),
  }))
}

function tasksOf(runs: readonly Finished[]): Readonly<Record<string, readonly number[]>> {
  const tasks = [...new Set(runs.flatMap(({ samples }) => samples.map(({ task }) => task)))]
  return Object.fromEntries(
    tasks.map((task) => [
      task,
      runs.map(({ samples }) => {
        const of = samples.filter((sample) => sample.task === task)
        return task === 'presence' ? balancedAccuracy(of) : accuracy(of)
      }),
    ]),
  )
}

/** The same question, asked of two models of the same seed; recordings are resampled. */
function paired(runs: readonly Finished[], base: readonly Finished[]) {
  const right = new Map(
    base.flatMap(({ run, samples }) =>
      samples.map((sample) => [`${run.seed}:${sample.id}`, sample.right] as const),
    ),
  )
  const pairs = runs.flatMap(({ run, samples }) =>
    samples.flatMap((sample) => {
      const other = right.get(`${run.seed}:${sample.id}`)
      return other === undefined ? [] : [{ audio: sample.audio, gain: Number(sample.right) - Number(other) }]
    }),
  )
  return bootstrap(
    pairs,
    ({ audio }) => audio,
    (of) => of.reduce((sum, { gain }) => sum + gain, 0) / of.length,
  )
}

export function comparisonMarkdown(rows: readonly ComparisonRow[], command: string, date: string): string {
  const tasks = Object.keys(rows[0]?.tasks ?? {})
  const head = [
    'integration',
    ...tasks,
    'all questions, less PLITS (95 %)',
    'step, ms',
    'recordings/s',
    'peak MiB',
    'trained',
  ]
  const lines = rows.map((row) => [
    row.integration.toUpperCase(),
    ...tasks.map((task) =>
      spread(
        (row.tasks[task] ?? []).map((share) => 100 * share),
        1,
      ),
    ),
    row.difference
      ? `${signed(row.difference.value)} (${signed(row.difference.low)} … ${signed(row.difference.high)})`
      : '—',
    spread(row.stepMilliseconds, 0),
    spread(row.recordingsPerSecond, 0),
    spread(row.peakMemoryMiB, 0),
    row.trainedParameters.toLocaleString('en'),
  ])
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  return [
    [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    '',
    'Accuracy in % (presence: balanced), mean ± standard deviation over seeds. The difference is over all questions,',
    'paired by question and seed, with recordings resampled. Peak memory is that of the training process.',
    '',
    `\`${command}\` — ${machine}, ${date}`,
  ].join('\n')
}

function spread(values: readonly number[], digits: number): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (values.length < 2) return mean.toFixed(digits)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`
}
