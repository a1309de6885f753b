import { BUSY } from '../bench/machine.js'
import { groupBy } from '../group-by.js'
import type { Item } from './document.js'
import { described } from './format.js'
import type { FinishedRun } from './kept.js'
import { displayName } from './plan.js'
import type { ComparisonReport } from './report.js'

/** What takes away from the conclusions; nothing where nothing does. */
export function cautions({ seeds, runs, open, baseline }: ComparisonReport): readonly Item[] {
  const machines = new Set(runs.flatMap(({ cost: { machine } }) => (machine ? [described(machine)] : [])))
  const busy = runs.filter(({ cost: { machine } }) => machine && machine.load > BUSY)
  const resumed = runs.filter(({ cost }) => cost.resumed)
  const missing = runs.filter(({ cost }) => !cost.machine || !cost.date)
  const seedsOf = new Map(
    [...groupBy(runs, ({ run }) => run.integration)].map(([name, of]) => [name, of.length] as const),
  )
  const heard = runs.filter(({ heldOutHeard }) => heldOutHeard)
  const stages = [...new Set(heard.flatMap(({ heldOutHeard = [] }) => heldOutHeard))]
  const all: readonly (readonly [holds: boolean, lead: string, text: string])[] = [
    [
      open.length > 0,
      'Not finished',
      `${open.map(({ folder }) => folder).join(', ')}; the report is of the rest.`,
    ],
    [
      new Set(seedsOf.values()).size > 1,
      'Unequal seeds',
      `${[...seedsOf].map(([integration, count]) => `${displayName(integration)} has ${count}`).join(', ')} of ${seeds.length}: accuracies and costs are means over these, and only differences and ratios are of the same seeds. If a run diverged, what is left may look better than its setting is.`,
    ],
    [
      runs.length > 0 && !runs.some(({ run }) => run.integration === baseline),
      'No baseline',
      `${displayName(baseline)} has no finished run.`,
    ],
    [
      heard.length > 0,
      'Measured on training data',
      `${stages.join(', ')} of ${foldersOf(heard)} heard what is held out (hears: all), so these answers do not tell how new recordings are understood.`,
    ],
    [
      seeds.length === 1,
      'One seed',
      'how much another seed would change is not known; the conclusions are about these trained models.',
    ],
    [machines.size > 1, 'Several machines', 'times and memory from different ones are not comparable.'],
    [
      busy.length > 0,
      'A busy machine',
      `others kept cores busy before ${foldersOf(busy)}; times may be too long.`,
    ],
    [
      resumed.length > 0,
      'Stopped and resumed',
      `${foldersOf(resumed)}: their peak memory is that of the last process alone.`,
    ],
    [missing.length > 0, 'Machine or date not recorded', `of ${foldersOf(missing)}.`],
  ]
  return all.flatMap(([holds, lead, text]) => (holds ? [{ lead, text }] : []))
}

function foldersOf(runs: readonly Pick<FinishedRun, 'run'>[]): string {
  return runs.map(({ run }) => run.folder).join(', ')
}
