import { join } from 'node:path'
import { PalError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { bootstrap, type Estimate } from './bootstrap.js'
import { clusterOf } from './cluster.js'
import type { EvalIdentity } from './identity.js'
import type { EvalItem } from './items.js'
import { keptAnswers } from './kept-answers.js'
import { type Measure, type Outcome, share } from './measure.js'
import { measuresOf } from './measures.js'
import { meanOf } from './metrics/metric.js'
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

/**
 * The answers that another evaluation has kept. Some may be missing, as where a recording could not be read there, if
 * it was asked what is asked here.
 * @param items what is asked here
 * @param asked what these follow from: the part of the identity that is not about the model
 * @throws PalError if there are none, it was asked something else, or another scorer judged them
 */
export async function answersOf(
  folder: string,
  items: readonly Omit<EvalItem, 'samples'>[],
  asked: EvalIdentity,
): Promise<readonly Sample[]> {
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
        file: join(folder, 'identity.json'),
        hint: 'Judge them again: the command that asked, with --rescore.',
      },
    )
  }
  expectSameQuestions(kept, items, asked, folder)
  return kept.samples
}

function expectSameQuestions(
  { identity, samples }: { readonly identity: EvalIdentity; readonly samples: readonly Sample[] },
  items: readonly Omit<EvalItem, 'samples'>[],
  asked: EvalIdentity,
  folder: string,
): void {
  const itemOf = new Map(items.map((item) => [item.id, item]))
  const known = samples.filter(({ id }) => itemOf.has(id))
  const other = known.find(({ id, question, expected }) => {
    const item = itemOf.get(id)!
    return item.question !== question || item.expected !== expected
  })
  if (other) {
    throw otherQuestions(
      `"${other.question}" where "${itemOf.get(other.id)!.question}" is asked here`,
      folder,
    )
  }
  const setting = Object.keys(asked).find((key) => identity[key] !== asked[key])
  if (known.length === items.length || setting === undefined) return
  throw otherQuestions(
    `${known.length} of these ${items.length}, and "${setting}" was ${identity[setting] ?? 'unknown'} where it is ${asked[setting]} here`,
    folder,
  )
}

function otherQuestions(got: string, folder: string): PalError {
  return new PalError(`expected answers to the same questions, got ${got}`, {
    file: folder,
    key: '--against',
    hint: 'Ask both models with the same recipe, --tasks, --limit, --scenes, --seed and --wordings.',
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
