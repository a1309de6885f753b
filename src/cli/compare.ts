import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Finished } from '../compare/report.js'
import { itemsOf } from './eval.js'
import { type BaseFlags, baseArguments, chosenBases, wholeNumber, withBases } from './options.js'
import { ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

interface CompareCliOptions extends BaseFlags {
  readonly integrations: readonly string[]
  readonly seeds: readonly number[]
  readonly limit?: number
  readonly scenes: number
  readonly out?: string
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  withBases(command)
    .argument('<recipe>', 'a YAML file; what it holds out is asked about')
    .argument('[changes...]', 'settings to change for every run, as key=value')
    .option('--integrations <names>', 'separated by commas', names, ['plits', 'lal', 'pal'])
    .option('--seeds <numbers>', 'separated by commas', numbers, [1, 2, 3])
    .option('--limit <count>', 'at most so many questions of each task', wholeNumber(1))
    .option('--scenes <count>', 'scenes composed for each task about scenes', wholeNumber(1), 200)
    .option('--out <folder>', 'where runs and report are kept (default: runs/<name of the recipe>)')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      `
Every run has the same draws in the same order and a process of its own. Finished runs are not repeated: the same
command goes on after an interruption.

Example:
  pal compare recipes/compare-tiny.yaml data.root=path/to/recordings`,
    )
    .action(async (file: string, changes: readonly string[], options: CompareCliOptions) => {
      const { loadRecipe } = await import('../train/recipe.js')
      const { planRuns } = await import('../compare/plan.js')
      const { trainRun } = await import('../compare/run.js')
      const { compareRuns, comparisonMarkdown } = await import('../compare/report.js')
      const { writeAtomically } = await import('../weights/write-atomically.js')
      const { recipe } = await loadRecipe(file, changes, chosenBases(options))
      const folder = resolve(options.out ?? join('runs', recipe.name))
      const questions = await itemsOf(file, changes, { ...options, seed: 1, wordings: 'held-out' })
      const bases = baseArguments(options)
      const finished: Finished[] = []
      for (const run of planRuns(options.integrations, options.seeds)) {
        process.stderr.write(`${run.integration}, seed ${run.seed}\n`)
        const cost = await trainRun(run, folder, { file, changes, bases, loaded: recipe }, context.signal)
        const samples = cost && (await answers(join(folder, run.folder), questions, options, context.signal))
        if (!samples) {
          process.stderr.write('Stopped and saved. The same command goes on from here.\n')
          return
        }
        finished.push({ run, cost, samples })
        const rows = compareRuns(finished)
        const command = [
          'pal compare',
          file,
          ...changes.filter((change) => !change.startsWith('data.root=')),
          ...bases,
        ].join(' ')
        const text = comparisonMarkdown(rows, command, new Date().toISOString().slice(0, 10))
        await writeAtomically(join(folder, 'report.md'), `${text}\n`)
        await writeAtomically(join(folder, 'report.json'), `${JSON.stringify(rows, null, 2)}\n`)
        if (finished.length === options.integrations.length * options.seeds.length) {
          process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : `${text}\n`)
        }
      }
    })
}

/** What the run's model answers, or nothing if it was interrupted. */
async function answers(
  folder: string,
  questions: Awaited<ReturnType<typeof itemsOf>>,
  { limit = 0, scenes }: CompareCliOptions,
  signal: AbortSignal,
) {
  const { loadPal } = await import('../model/pal.js')
  const { evaluate } = await import('../eval/run.js')
  const { QUESTIONS_VERSION } = await import('../eval/items.js')
  const line = new ProgressLine()
  const pal = await loadPal({ model: join(folder, 'model') })
  try {
    const samples = await evaluate(pal, questions, {
      folder: join(folder, 'eval'),
      identity: { questions: QUESTIONS_VERSION, count: questions.items.length, limit, scenes },
      signal,
      onProgress: (done, total) => line.show(`${done}/${total} questions`),
    })
    line.end()
    return samples.length === questions.items.length ? samples : undefined
  } finally {
    await pal.close()
  }
}

function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim())
}

function numbers(text: string): readonly number[] {
  const values = text.split(',').map(Number)
  if (values.every((value) => Number.isInteger(value) && value >= 0)) return values
  throw new InvalidArgumentError('Expected whole numbers, separated by commas.')
}
