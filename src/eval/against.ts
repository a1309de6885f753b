import { join } from 'node:path'
import { PalError } from '../errors.js'
import { bootstrap, type Estimate, groupBy } from './bootstrap.js'
import type { EvalItem } from './items.js'
import { type Measure, type Outcome, share } from './measure.js'
import { measuresOf } from './measures.js'
import { meanOf } from './metrics/metric.js'
import { outcomesOf } from './report.js'
import { keptAnswers, type Sample } from './run.js'
import { SCORER_VERSION } from './score.js'

/** What two evaluations make of the same questions. */
export interface PairedRow extends Pick<Measure, 'name' | 'unit'> {
  readonly task: string
  readonly asked: number
  readonly there: number
  readonly here: number
  /** Here less there, with its 95 % interval. */
  readonly difference: Estimate
}

/**
 * Each task's first measure, and the share of all questions answered rightly, here and there. The interval is of the
 * difference itself, both sides of a draw being the same recordings: what makes a recording hard falls out.
 * @param items what was asked here; without an answer it counts as wrong
 * @param there see `answersOf`
 * @throws PalError for a task that is measured otherwise there
 */
export function pairedRows(
  here: readonly Sample[],
  there: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
): readonly PairedRow[] {
  const rowOf = (task: string, asked: typeof items, choose: (of: readonly Outcome[]) => Measure) => {
    const sides = [here, there].map((samples) => outcomesOf(samples, asked))
    const [ours, theirs] = sides.map(choose) as [Measure, Measure]
    if (ours.name !== theirs.name) {
      throw new PalError(`expected ${task} by "${ours.name}" there, too, got "${theirs.name}"`, {
        key: '--against',
        hint: 'Ask with the same --protocol.',
      })
    }
    const [hereAt, thereAt] = [ours.metric(sides[0]!), theirs.metric(sides[1]!)]
    const all = [...asked.keys()]
    return {
      ...{ task, asked: asked.length, name: ours.name, unit: ours.unit },
      ...{ there: thereAt(all), here: hereAt(all) },
      difference: bootstrap(
        all,
        (i) => asked[i]!.audio,
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

const RIGHT = share('right', (of) => meanOf(of.map((one) => (one.right ? 1 : 0))))

/**
 * The answers that another evaluation has kept.
 * @param items what is asked here
 * @throws PalError if there are none, it was asked something else, or another scorer judged them
 */
export async function answersOf(
  folder: string,
  items: readonly Omit<EvalItem, 'samples'>[],
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
  expectSameQuestions(kept.samples, items, folder)
  return kept.samples
}

function expectSameQuestions(
  there: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
  folder: string,
): void {
  const asked = new Map(items.map((item) => [item.id, item]))
  const known = there.filter(({ id }) => asked.has(id))
  const other = known.find(({ id, question, expected }) => {
    const item = asked.get(id)!
    return item.question !== question || item.expected !== expected
  })
  if (known.length === items.length && !other) return
  const got = other
    ? `"${other.question}" where "${asked.get(other.id)!.question}" is asked here`
    : `${known.length} of these ${items.length} questions`
  throw new PalError(`expected answers to the same questions, got ${got}`, {
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
    ...rows.map(({ task, asked, name, unit, there, here, difference: { value, low, high } }) => {
      const show = (one: number) => (unit === 'share' ? `${(100 * one).toFixed(1)} %` : one.toFixed(3))
      const signed = (one: number) =>
        (one < 0 ? '' : '+') + (unit === 'share' ? 100 * one : one).toFixed(unit === 'share' ? 1 : 3)
      return `| ${[task, asked, name, show(there), show(here), `${signed(value)} (${signed(low)} to ${signed(high)})`].join(' | ')} |`
    }),
  ].join('\n')
}
