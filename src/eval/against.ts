import { join } from 'node:path'
import type { AnswerVocabulary } from '../data/questions/task.js'
import { PalError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { bootstrap, type Estimate } from './bootstrap.js'
import { clusterOf } from './cluster.js'
import { type EvalIdentity, labelsIdentity, settingSaid } from './identity.js'
import type { EvalItem } from './items.js'
import { IDENTITY, keptAnswers, SAMPLES } from './kept-answers.js'
import { differenceOf } from './kept-items.js'
import { type Measure, type Outcome, share } from './measure.js'
import { measuresOf } from './measures.js'
import { meanOf } from './metrics/metric.js'
import { QUESTIONS_RATE } from './rate.js'
import { outcomesOf } from './report.js'
import type { Sample } from './sample.js'
import { SCORER_VERSION } from './score.js'

/** What two evaluations make of the same questions. */
export interface PairedRow extends Pick<Measure, 'name' | 'unit'> {
  readonly task: string
  readonly asked: number
  /** How many questions have an answer; the others are wrong. */
  readonly answered: { readonly there: number; readonly here: number }
  readonly there: number
  readonly here: number
  /** Here less there, with its 95 % interval. */
  readonly difference: Estimate
}

/**
 * Each task's first measure, and the share of all questions answered rightly, here and there. The interval is of the
 * difference itself, both sides of a draw being the same recordings: what makes a recording hard falls out.
 * @param items what was asked here; without an answer, here or there, it counts as wrong
 * @param there see `answersOf`
 * @throws PalError for a task that is measured otherwise there
 */
export function pairedRows(
  here: readonly Sample[],
  there: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
): readonly PairedRow[] {
  const rowOf = (task: string, asked: typeof items, choose: (of: readonly Outcome[]) => Measure) => {
    const [hereOf, thereOf] = [outcomesOf(here, asked), outcomesOf(there, asked)]
    const [ours, theirs] = [choose(hereOf), choose(thereOf)]
    if (ours.name !== theirs.name) {
      throw new PalError(`expected ${task} by "${ours.name}" there, too, got "${theirs.name}"`, {
        key: '--against',
        hint: 'Ask with the same --protocol.',
      })
    }
    const [hereAt, thereAt] = [ours.metric(hereOf), theirs.metric(thereOf)]
    const all = [...asked.keys()]
    return {
      ...{ task, asked: asked.length, name: ours.name, unit: ours.unit },
      answered: { there: answeredOf(thereOf), here: answeredOf(hereOf) },
      ...{ there: thereAt(all), here: hereAt(all) },
      difference: bootstrap(
        all,
        (i) => clusterOf(asked[i]!),
        (drawn) => hereAt(drawn) - thereAt(drawn),
      ),
    }
  }
  const tasks = [...groupBy(items, ({ task }) => task)]
  const rows = tasks.map(([task, asked]) =>
    rowOf(task, asked, (of) => measuresOf(asked[0]?.scoring ?? task, of)[0]!),
  )
  return tasks.length > 1 ? [...rows, rowOf('all questions', items, () => RIGHT)] : rows
}

const answeredOf = (outcomes: readonly Outcome[]) =>
  outcomes.filter(({ answer }) => answer !== undefined).length

const RIGHT = share('right', (of) => meanOf(of.map((one) => (one.right ? 1 : 0))))

/** What is asked here. */
export interface AskedHere {
  readonly items: readonly Omit<EvalItem, 'samples'>[]
  readonly vocabulary: AnswerVocabulary
  /** Hz at which the recordings were read. */
  readonly sampleRate: number
  /** What the items follow from: the part of the identity that is not about the model. */
  readonly asked: EvalIdentity
}

/**
 * The answers that another evaluation has kept. Some may be missing, as where a recording could not be read there, if
 * it was asked what is asked here.
 * @throws PalError if there are none, it was asked something else, or another scorer judged them
 */
export async function answersOf(folder: string, here: AskedHere): Promise<readonly Sample[]> {
  const kept = await keptAnswers(folder)
  if (!kept || kept.samples.length === 0) {
    throw new PalError(
      'expected the folder of an evaluation, with answers that `pal eval` has kept, got none',
      {
        file: folder,
        key: '--against',
      },
    )
  }
  if (kept.identity.scorer !== SCORER_VERSION) {
    throw new PalError(
      `expected answers judged by scorer ${SCORER_VERSION}, got scorer ${kept.identity.scorer ?? 'unknown'}`,
      {
        file: join(folder, IDENTITY),
        hint: 'Judge them again: the command that asked, with --rescore.',
      },
    )
  }
  expectSameQuestions(kept, here, folder)
  expectAllAsked(kept, here, folder)
  return kept.samples
}

/**
 * Answers are compared that stand for the same: a verdict by another list of right answers is none about the model.
 * @throws PalError for the first one to what resuming would not go on with either
 */
export function expectSameQuestions(
  { identity, samples }: Kept,
  { items, vocabulary, sampleRate }: AskedHere,
  folder: string,
): void {
  const leniency = {
    otherRate: (identity.sampleRate ?? QUESTIONS_RATE) !== sampleRate,
    otherMachine: true, // Its answers may have been brought here.
  }
  const itemOf = new Map(items.map((item) => [item.id, item]))
  for (const sample of samples) {
    const item = itemOf.get(sample.id)
    const difference = item && differenceOf(sample, item, leniency)
    if (difference !== undefined) throw otherQuestions(difference, join(folder, SAMPLES), sample.id)
  }
  const labels = labelsIdentity(vocabulary)
  if ((identity.labels ?? labels) === labels) return
  throw otherQuestions('ones judged by other labels', join(folder, IDENTITY), 'labels')
}

/** @throws PalError where some are missing of what is asked here, and it was asked otherwise there */
function expectAllAsked({ identity, samples }: Kept, { items, asked }: AskedHere, folder: string): void {
  const answered = new Set(samples.map(({ id }) => id))
  const known = items.filter(({ id }) => answered.has(id)).length
  const setting = Object.keys(asked).find((key) => identity[key] !== asked[key])
  if (known === items.length || setting === undefined) return
  const [there, here] = [identity, asked].map((one) => settingSaid(setting, one[setting]))
  throw otherQuestions(
    `${known} of these ${items.length}, and another "${setting}" (${there} there, ${here} here)`,
    folder,
    '--against',
  )
}

interface Kept {
  readonly identity: EvalIdentity
  readonly samples: readonly Sample[]
}

function otherQuestions(got: string, file: string, key: string): PalError {
  return new PalError(`expected answers to the same questions, got ${got}`, {
    ...{ file, key },
    hint: 'Ask both models with the same recipe or rows, recordings, --tasks, --limit, --scenes, --seed and --wordings; what has changed since, the other one is asked again with another --out.',
  })
}

/** As a table. @param folder of the other evaluation */
export function pairedMarkdown(rows: readonly PairedRow[], folder: string): string {
  return [
    `Against ${folder}, the same questions:`,
    '',
    '| task | questions | measure | there | here | difference, 95 % interval, paired |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const { task, name, unit, there, here, difference } = row
      const show = (one: number) => (unit === 'share' ? `${(100 * one).toFixed(1)} %` : one.toFixed(3))
      const signed = (one: number) =>
        (one < 0 ? '' : '+') + (unit === 'share' ? 100 * one : one).toFixed(unit === 'share' ? 1 : 3)
      const interval = `${signed(difference.value)} (${signed(difference.low)} to ${signed(difference.high)})`
      return `| ${[task, questionsOf(row), name, show(there), show(here), interval].join(' | ')} |`
    }),
  ].join('\n')
}

/** "8, of which 6 answered there". */
function questionsOf({ asked, answered }: PairedRow): string {
  const missing = (['there', 'here'] as const).filter((side) => answered[side] < asked)
  return [asked, ...missing.map((side) => `of which ${answered[side]} answered ${side}`)].join(', ')
}
