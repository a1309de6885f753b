import { bootstrap, type Estimate, groupBy } from './bootstrap.js'
import type { Sample } from './run.js'

export interface TaskReport {
  readonly task: string
  /** Questions answered, of all that there are. */
  readonly answered: number
  readonly asked: number
  /** The share that is right; for yes/no questions the mean of the two answers' shares. */
  readonly accuracy: Estimate
  readonly balanced: boolean
  /** Accuracy of each class, where clips have one. */
  readonly classes: Readonly<Record<string, number>>
}

/** Results by task, in the order in which the tasks come. A question without an answer counts as wrong. */
export function report(
  samples: readonly Sample[],
  items: readonly Pick<Sample, 'task' | 'audio' | 'expected'>[],
): readonly TaskReport[] {
  const byTask = groupBy(samples, ({ task }) => task)
  return [...groupBy(items, ({ task }) => task)].map(([task, asked]) => {
    const answered = byTask.get(task) ?? []
    const unanswered = asked.slice(answered.length).map((item) => ({ ...item, right: false }))
    const scored = [...answered, ...unanswered]
    const balanced = task === 'presence'
    const labelled = answered.filter(({ label }) => label !== undefined && !balanced)
    return {
      task,
      answered: answered.length,
      asked: asked.length,
      accuracy: bootstrap(scored, ({ audio }) => audio, balanced ? balancedAccuracy : accuracy),
      balanced,
      classes: Object.fromEntries(
        [...groupBy(labelled, ({ label }) => label as string)]
          .sort()
          .map(([label, of]) => [label, accuracy(of)]),
      ),
    }
  })
}

type Scored = Pick<Sample, 'right' | 'expected'>

export function accuracy(samples: readonly Scored[]): number {
  return samples.filter(({ right }) => right).length / samples.length
}

/** The mean over the expected answers ("Yes." and "No.") of the share that is right. */
export function balancedAccuracy(samples: readonly Scored[]): number {
  const shares = [...groupBy(samples, ({ expected }) => expected).values()].map(accuracy)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

export function markdown(reports: readonly TaskReport[]): string {
  const rows = reports.map(({ task, answered, asked, accuracy: a, balanced }) =>
    [
      task,
      answered === asked ? asked : `${answered} of ${asked}`,
      balanced ? 'balanced accuracy' : 'accuracy',
      percent(a),
    ].join(' | '),
  )
  return [
    '| task | questions | measure | 95 % interval |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

export function percent({ value, low, high }: Estimate): string {
  const show = (share: number) => (100 * share).toFixed(1)
  return `${show(value)} % (${show(low)}–${show(high)})`
}
