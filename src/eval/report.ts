import { groupBy } from '../group-by.js'
import { accuracy } from './accuracy.js'
import { bootstrap, type Estimate } from './bootstrap.js'
import type { EvalItem } from './items.js'
import type { Measure, Outcome } from './measure.js'
import { measuresOf } from './measures.js'
import type { Sample } from './run.js'

/** A measure's value on a task, with its 95 % interval over audios. */
export interface Measured extends Estimate, Pick<Measure, 'name' | 'unit'> {}

export interface TaskReport {
  readonly task: string
  /** Questions answered, of all that there are. */
  readonly answered: number
  readonly asked: number
  /** Answers that cannot be read as what was asked for. They are wrong, and so are questions without one. */
  readonly offFormat: number
  /** What the task is measured by, the most telling first. */
  readonly measures: readonly Measured[]
  /** Accuracy of each class, where clips have one. */
  readonly classes: Readonly<Record<string, number>>
  /** Where a task has several forms of questions: how many were asked of each, and the first measure. */
  readonly forms: Readonly<Record<string, { readonly asked: number; readonly measure: Measured }>>
}

/** Results by task, in the order in which the tasks come. A question without an answer counts as wrong. */
export function report(
  samples: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
): readonly TaskReport[] {
  const byTask = groupBy(samples, ({ task }) => task)
  return [...groupBy(items, ({ task }) => task)].map(([task, asked]) => {
    const answered = byTask.get(task) ?? []
    const outcomes = outcomesOf(answered, asked)
    const measures = measuresOf(asked[0]?.scoring ?? task, outcomes)
    const forms = [...groupBy(outcomes, ({ form = '' }) => form)].sort(([a], [b]) => a.localeCompare(b))
    const labelled = outcomes.filter(({ label, scoring }) => label !== undefined && scoring !== 'presence')
    return {
      task,
      answered: answered.length,
      asked: asked.length,
      offFormat: answered.filter(({ offFormat }) => offFormat).length,
      measures: measures.map((measure) => estimate(measure, outcomes)),
      classes: Object.fromEntries(
        [...groupBy(labelled, ({ label }) => label as string)]
          .sort()
          .map(([label, of]) => [label, accuracy(of)]),
      ),
      forms: Object.fromEntries(
        (forms.length > 1 ? forms : []).map(([form, of]) => [
          form,
          { asked: of.length, measure: estimate(measures[0]!, of) },
        ]),
      ),
    }
  })
}

/** What became of each question, in their order. */
export function outcomesOf(
  samples: readonly Sample[],
  asked: readonly Omit<EvalItem, 'samples'>[],
): readonly (Outcome & Omit<EvalItem, 'samples' | 'closed'>)[] {
  const answered = new Map(samples.map((sample) => [sample.id, sample]))
  return asked.map(({ closed, ...item }) => {
    const unanswered = { ...item, right: false, ...(closed && { correct: closed.correct }) }
    return answered.get(item.id) ?? unanswered
  })
}

function estimate(
  { name, unit, metric }: Measure,
  outcomes: readonly (Outcome & Pick<EvalItem, 'audio'>)[],
): Measured {
  const audios = outcomes.map(({ audio }) => audio)
  return { name, unit, ...bootstrap([...outcomes.keys()], (i) => audios[i] as string, metric(outcomes)) }
}

export function markdown(reports: readonly TaskReport[]): string {
  const rows = reports.flatMap(({ task, answered, asked, offFormat, measures, forms }) => [
    ...measures.map((measure, i) =>
      [
        ...(i === 0
          ? [task, answered === asked ? asked : `${answered} of ${asked}`, offFormat]
          : ['', '', '']),
        measure.name,
        show(measure),
      ].join(' | '),
    ),
    ...Object.entries(forms).map(([form, { asked: of, measure }]) =>
      [`– ${form}`, of, '', measure.name, show(measure)].join(' | '),
    ),
  ])
  return [
    '| task | questions | off format | measure | 95 % interval |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

function show(measured: Measured): string {
  if (Number.isNaN(measured.value)) return '–'
  if (measured.unit === 'share') return percent(measured)
  const { value, low, high } = measured
  return `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
}

export function percent({ value, low, high }: Estimate): string {
  const show = (share: number) => (100 * share).toFixed(1)
  return `${show(value)} % (${show(low)}–${show(high)})`
}
