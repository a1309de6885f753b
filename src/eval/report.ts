import { groupBy } from '../group-by.js'
import { accuracy } from './accuracy.js'
import { bootstrap, type Estimate } from './bootstrap.js'
import { clusterOf } from './cluster.js'
import type { ExternalScores } from './external/external-scores.js'
import type { EvalItem, KeptItem } from './items.js'
import type { Measure, Outcome } from './measure.js'
import { measuresOf } from './measures.js'
import type { Sample } from './sample.js'

/** A measure's value on a task, with its 95 % interval over recordings. */
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
  /** Where a task has several forms of questions: each by itself. */
  readonly forms: Slices
  /** The same by whatever else tells its questions apart, such as difficulty. */
  readonly facets: Readonly<Record<string, Slices>>
}

/** Some of a task's questions by themselves, by what they have in common. */
export type Slices = Readonly<Record<string, Slice>>

export interface Slice {
  readonly asked: number
  readonly measures: readonly Measured[]
  /** The first of them, which was the only one before. */
  readonly measure: Measured
}

/**
 * Results by task, in the order in which the tasks come. A question without an answer counts as wrong.
 * @param external of every caption, answered or not
 */
export function report(
  samples: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
  external: ExternalScores = new Map(),
): readonly TaskReport[] {
  const byTask = groupBy(samples, ({ task }) => task)
  return [...groupBy(items, ({ task }) => task)].map(([task, asked]) => {
    const ids = new Set(asked.map(({ id }) => id))
    // There may be answers to what is not asked any more, where they are only scored again.
    const answered = (byTask.get(task) ?? []).filter(({ id }) => ids.has(id))
    const outcomes = outcomesOf(answered, asked, external)
    const measures = measuresOf(asked[0]?.scoring ?? task, outcomes)
    const labelled = outcomes.filter(({ label, scoring }) => label !== undefined && scoring !== 'presence')
    const byLabel = groupBy(labelled, ({ label }) => label as string)
    return {
      task,
      answered: answered.length,
      asked: asked.length,
      offFormat: answered.filter(({ offFormat }) => offFormat).length,
      measures: measures.map((measure) => estimate(measure, outcomes)),
      classes: Object.fromEntries(
        [...byLabel.keys()].sort().map((label) => [label, accuracy(byLabel.get(label)!)]),
      ),
      forms: slices(outcomes, measures, ({ form }) => form),
      facets: Object.fromEntries(
        facetsIn(outcomes)
          .map((name) => [name, slices(outcomes, measures, ({ facets }) => facets?.[name])] as const)
          .filter(([, of]) => Object.keys(of).length > 0),
      ),
    }
  })
}

type AskedOutcome = Outcome & KeptItem

/** The names of all that tells questions apart, in the order in which they first come. */
const facetsIn = (outcomes: readonly AskedOutcome[]) => [
  ...new Set(outcomes.flatMap(({ facets = {} }) => Object.keys(facets))),
]

/** Outcomes by a value that they have, measured each for themselves; none where all have the same. */
function slices(
  outcomes: readonly AskedOutcome[],
  measures: readonly Measure[],
  partOf: (outcome: AskedOutcome) => string | undefined,
): Slices {
  const told = outcomes.filter((outcome) => partOf(outcome) !== undefined)
  const groups = [...groupBy(told, (outcome) => partOf(outcome) as string)]
  if (groups.length < 2) return {}
  return Object.fromEntries(
    groups
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([value, of]) => {
        const measured = measures.map((measure) => estimate(measure, of))
        return [value, { asked: of.length, measures: measured, measure: measured[0]! }]
      }),
  )
}

/** What became of each question, in their order. */
export function outcomesOf(
  samples: readonly Sample[],
  asked: readonly Omit<EvalItem, 'samples'>[],
  external: ExternalScores = new Map(),
): readonly AskedOutcome[] {
  const answered = new Map(samples.map((sample) => [sample.id, sample]))
  return asked.map(({ closed, ...asked }) => {
    const scores = external.get(asked.id)
    const item = { ...asked, ...(scores && { external: scores }) }
    const sample = answered.get(item.id)
    // How it is listed and resampled is said by the question of now: an answer may be of before that was known.
    if (sample) return { ...item, ...sample, ...listingOf(item) }
    return { ...item, right: false, ...(closed && { correct: closed.correct }) }
  })
}

function listingOf({ form, facets, source }: KeptItem): Pick<KeptItem, 'form' | 'facets' | 'source'> {
  return {
    ...(form !== undefined && { form }),
    ...(facets && { facets }),
    ...(source !== undefined && { source }),
  }
}

function estimate({ name, unit, metric }: Measure, outcomes: readonly AskedOutcome[]): Measured {
  const clusters = outcomes.map(clusterOf)
  return { name, unit, ...bootstrap([...outcomes.keys()], (i) => clusters[i] as string, metric(outcomes)) }
}

export function markdown(reports: readonly TaskReport[]): string {
  const rows = reports.flatMap(({ task, answered, asked, offFormat, measures, forms, facets }) => [
    ...rowsOf([task, answered === asked ? asked : `${answered} of ${asked}`, offFormat], measures),
    ...sliceRows('–', forms),
    ...Object.entries(facets).flatMap(([name, of]) => sliceRows(`– ${name}:`, of)),
  ])
  return [
    '| task | questions | off format | measure | 95 % interval |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

/** What is measured, one row a measure, and before the first one what it is about. */
function rowsOf(about: readonly (string | number)[], measures: readonly Measured[]): readonly string[] {
  return measures.map((measure, i) =>
    [...about.map((cell) => (i === 0 ? cell : '')), measure.name, show(measure)].join(' | '),
  )
}

const sliceRows = (mark: string, slices: Slices) =>
  Object.entries(slices).flatMap(([value, { asked, measures }]) =>
    rowsOf([`${mark} ${value}`, asked, ''], measures),
  )

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
