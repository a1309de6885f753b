import type { Estimate } from '../eval/bootstrap.js'
import { groupBy } from '../group-by.js'
import { type AnswerTable, accuracyOf, gains, layOut, plainAccuracy, tabulate } from './answer-table.js'
import { type Cost, costsOf } from './cost.js'
import { holm } from './holm.js'
import type { Comparison, FinishedRun } from './kept.js'
import { type LossCurve, lossCurve } from './loss-curve.js'
import type { PlannedRun } from './plan.js'
import { signFlipTest } from './sign-flip-test.js'
import { twoWayInterval } from './two-way-interval.js'

/** Everything that a comparison's report says, as `report.json` has it. Accuracies are shares. */
export interface ComparisonReport extends Comparison {
  /** What the others are held against. */
  readonly baseline: string
  readonly runs: readonly Pick<FinishedRun, 'run' | 'cost' | 'heldOutHeard'>[]
  /** Planned, but not finished yet. */
  readonly open: readonly PlannedRun[]
  readonly tasks: readonly TaskResult[]
  readonly differences: readonly Difference[]
  readonly costs: readonly Cost[]
  readonly curves: readonly ({ readonly integration: string } & LossCurve)[]
  /** Answers that could not be read as what was asked for; they are wrong. */
  readonly offFormat: readonly {
    readonly integration: string
    readonly answers: number
    readonly of: number
  }[]
}

export interface TaskResult {
  readonly task: string
  readonly measure: 'accuracy' | 'balanced accuracy'
  readonly questions: number
  readonly audios: number
  readonly results: readonly Accuracy[]
}

export interface Accuracy extends Estimate {
  readonly integration: string
  readonly seeds: readonly { readonly seed: number; readonly value: number }[]
}

/** An integration's accuracy less the baseline's, paired by question and seed. */
export interface Difference extends Estimate {
  readonly task: string
  readonly integration: string
  /** Of the seeds that both have finished. */
  readonly seeds: readonly { readonly seed: number; readonly value: number }[]
  /** By a permutation test over audios. */
  readonly p: number
  /** By Holm's method, for the number of p-values in its family. */
  readonly corrected: number
  readonly family: number
  readonly verdict: Verdict
}

/** A conclusion is drawn where the corrected p is below 0.05 and the interval leaves out 0; else none. */
export type Verdict = 'better' | 'worse' | 'no conclusion'

/** Under this name every question counts once. */
export const ALL_QUESTIONS = 'all questions'

const SIGNIFICANT = 0.05

/** @throws PalError if two runs were asked different questions */
export function compareRuns(
  comparison: Comparison,
  { finished, open }: { readonly finished: readonly FinishedRun[]; readonly open: readonly PlannedRun[] },
): ComparisonReport {
  const groups = groupBy(finished, ({ run }) => run.integration)
  const baseline = comparison.integrations[0]!
  const tasks = [
    ALL_QUESTIONS,
    ...new Set(finished.flatMap(({ samples }) => samples.map(({ task }) => task))),
  ]
  const compared = finished.length === 0 ? [] : tasks.map((task) => compareOn(task, groups, baseline))
  return {
    ...comparison,
    baseline,
    runs: finished.map(({ samples: _, steps: __, answers: ___, ...run }) => run),
    open,
    tasks: compared.map(({ result }) => result),
    differences: corrected(compared.flatMap(({ differences }) => differences)),
    costs: costsOf(groups, baseline),
    curves: [...groups].map(([integration, runs]) => ({
      integration,
      ...lossCurve(runs.map(({ steps }) => steps)),
    })),
    offFormat: [...groups].map(([integration, runs]) => {
      const samples = runs.flatMap((one) => one.samples)
      return { integration, answers: samples.filter(({ offFormat }) => offFormat).length, of: samples.length }
    }),
  }
}

type Uncorrected = Omit<Difference, 'corrected' | 'family' | 'verdict'>

/** One task: every integration's accuracy, and how far the others are from the baseline. */
function compareOn(
  task: string,
  groups: ReadonlyMap<string, readonly FinishedRun[]>,
  baseline: string,
): { readonly result: TaskResult; readonly differences: readonly Uncorrected[] } {
  const of = ({ samples }: FinishedRun) =>
    task === ALL_QUESTIONS ? samples : samples.filter((sample) => sample.task === task)
  const first = of([...groups.values()][0]![0]!)
  const balanced = task !== ALL_QUESTIONS && first.every(({ scoring }) => scoring === 'presence')
  const layout = layOut(first, balanced)
  const table = (runs: readonly FinishedRun[]) =>
    tabulate(
      layout,
      runs.map((run) => ({ samples: of(run), file: run.answers })),
    )
  const result: TaskResult = {
    task,
    measure: balanced ? 'balanced accuracy' : 'accuracy',
    questions: layout.cellOf.size,
    audios: new Set(first.map(({ audio }) => audio)).size,
    results: [...groups].map(([integration, runs]) => {
      const own = table(runs)
      const seeds = runs.map((run) => ({ seed: run.run.seed, value: plainAccuracy(table([run])) }))
      return { integration, ...interval(own, (audios, seeds) => accuracyOf(own, audios, seeds), 0), seeds }
    }),
  }
  const base = groups.get(baseline) ?? []
  const differences = [...groups].flatMap(([integration, runs]) => {
    const pairs = runs.flatMap((run) => {
      const other = base.find(({ run: { seed } }) => seed === run.run.seed)
      return other && integration !== baseline ? [[run, other] as const] : []
    })
    if (pairs.length === 0) return []
    const [own, others] = [table(pairs.map(([run]) => run)), table(pairs.map(([, other]) => other))]
    const less = (audios: readonly number[], seeds: readonly number[]) =>
      accuracyOf(own, audios, seeds) - accuracyOf(others, audios, seeds)
    const seeds = pairs.map(([run, other]) => ({
      seed: run.run.seed,
      value: plainAccuracy(table([run])) - plainAccuracy(table([other])),
    }))
    const p = signFlipTest(gains(own, others))
    return [{ task, integration, ...interval(own, less, -1), seeds, p }]
  })
  return { result, differences }
}

/** It ends where accuracies do, and their differences: at 1 and at `least`. */
function interval(
  { sources, right }: AnswerTable,
  statistic: (audios: readonly number[], seeds: readonly number[]) => number,
  least: -1 | 0,
): Estimate {
  const { value, low, high } = twoWayInterval(statistic, { audios: sources, seeds: right.length })
  return { value, low: Math.max(low, least), high: Math.min(high, 1) }
}

/** Two families: over all questions, the comparison's own question; and task by task. */
function corrected(differences: readonly Uncorrected[]): readonly Difference[] {
  const families = groupBy(differences, ({ task }) => (task === ALL_QUESTIONS ? 'all' : 'tasks'))
  return [...families.values()].flatMap((family) => {
    const ps = holm(family.map(({ p }) => p))
    return family.map((one, i) => ({
      ...one,
      corrected: ps[i]!,
      family: family.length,
      verdict: verdictOf(one, ps[i]!),
    }))
  })
}

function verdictOf({ low, high }: Estimate, p: number): Verdict {
  if (p >= SIGNIFICANT || (low <= 0 && high >= 0)) return 'no conclusion'
  return low > 0 ? 'better' : 'worse'
}
