import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { PlannedRun } from '../compare/plan.js'
import { PalError } from '../errors.js'
import type { EvalSet } from '../eval/items.js'
import type { EvalOptions } from '../eval/run.js'
import { once } from '../once.js'
import { type BaseFlags, baseArguments, chosenBases, wholeNumber, withBases } from './options.js'
import { ProgressLine, showingDecoding } from './progress.js'
import type { CliContext } from './verb.js'

interface CompareCliOptions extends BaseFlags {
  readonly integrations?: readonly string[]
  readonly seeds: readonly number[]
  readonly limit?: number
  readonly scenes: number
  readonly out?: string
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  withBases(command)
    .argument(
      '<what>',
      'a recipe (YAML), whose held-out recordings are asked about; or the folder of a comparison',
    )
    .argument('[changes...]', 'settings to change for every run, as key=value')
    .option(
      '--integrations <names>',
      "separated by commas: plits, lal, pal, flamingo, or names of the recipe's `compare`; the others are held against the first (default: the recipe's, else plits,lal,pal)",
      names,
    )
    .option('--seeds <numbers>', 'separated by commas', numbers, [1, 2, 3])
    .option('--limit <count>', 'at most so many questions of each task', wholeNumber(1))
    .option('--scenes <count>', 'scenes composed for each task about scenes', wholeNumber(1), 200)
    .option('--out <folder>', 'where runs and report are kept (default: runs/<name of the recipe>)')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      `
Every run has the same draws in the same order and a process of its own. Finished runs are not repeated: the same
command goes on after an interruption. The report (report.html, .md, .json and plots) is written after every run; given
the folder, it is only written again.

Examples:
  pal compare recipes/compare-tiny.yaml data.root=path/to/recordings
  pal compare runs/compare-tiny`,
    )
    .action(async (what: string, changes: readonly string[], options: CompareCliOptions, self: Command) => {
      const { writeComparisonReport } = await import('../compare/write-report.js')
      const done = isFolder(what)
        ? { folder: reportOnly(what, changes, self), failed: [] }
        : await run(what, changes, options, context)
      if (done === undefined) {
        process.stderr.write('Stopped and saved. The same command goes on from here.\n')
        return
      }
      const { folder, failed } = done
      const { report, markdown } = await writeComparisonReport(folder)
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : markdown)
      process.stderr.write(`${join(folder, 'report.html')}\n`)
      if (failed.length > 0) throw notTrained(failed, folder)
    })
}

interface Done {
  readonly folder: string
  /** The runs whose training did not come to its end. */
  readonly failed: readonly PlannedRun[]
}

/** Trains and asks what is not finished yet, all that can be. @returns nothing if it was interrupted */
async function run(
  file: string,
  changes: readonly string[],
  options: CompareCliOptions,
  { signal }: CliContext,
): Promise<Done | undefined> {
  const { listedIdentity } = await import('../train/data-identity.js')
  const { loadRecipe } = await import('../train/recipe/load-recipe.js')
  const { comparedByDefault, planRuns, settingNamed } = await import('../compare/plan.js')
  const { finishedRun, trainRun } = await import('../compare/run.js')
  const { answersFolder, answersOf, judgeAgain, keepComparison } = await import('../compare/kept.js')
  const { writeComparisonReport } = await import('../compare/write-report.js')
  const { QUESTIONS_VERSION } = await import('../eval/items.js')
  const { rateIdentity } = await import('../eval/identity.js')
  const { questionsOf } = await import('../eval/questions-of.js')
  const { QUESTIONS_RATE, rateOf } = await import('../eval/rate.js')
  const { SCORER_VERSION } = await import('../eval/score.js')
  const { isModelFolder } = await import('../model/config/model-description.js')
  const loaded = await loadRecipe(file, changes, chosenBases(options))
  const { recipe, overrides } = loaded
  const { integrations = comparedByDefault(recipe), seeds, limit = 0, scenes, out } = options
  for (const name of integrations) settingNamed(name, recipe) // A name that is not known is told before anything is trained.
  const folder = resolve(out ?? join('runs', recipe.name))
  const askedAll = { questions: QUESTIONS_VERSION, scorer: SCORER_VERSION, limit, scenes }
  const runs = planRuns(integrations, seeds)
  const comparison = {
    name: recipe.name,
    command: commandOf(file, changes, { ...options, integrations }),
    recipe: file,
    // Where the recordings lie changes nothing.
    changes: overrides.filter(({ key }) => key !== 'data.root'),
    ...{ integrations, seeds, limit, scenes },
  }
  const compared = { file, changes, loaded: recipe, data: once(() => listedIdentity(loaded)) }
  // A report has all runs of its folder: one of another recipe, or of other data, is told before anything is trained.
  const finished = await Promise.all(runs.map((run) => finishedRun(run, folder, compared)))
  /** By the rate that they are heard at: settings may have encoders of their own. */
  const questionsAt = new Map<number, EvalSet>()
  const failed: PlannedRun[] = []
  for (const [done, run] of runs.entries()) {
    // Also where it came when a run had just been finished.
    if (signal.aborted) return undefined
    process.stderr.write(`${run.integration}, seed ${run.seed}\n`)
    const cost = finished[done] ?? (await trainRun(run, folder, compared, signal))
    if (!cost) return undefined
    if (done === 0) await keepComparison(folder, comparison)
    if (cost === 'failed') {
      failed.push(run)
      continue
    }
    const model = join(folder, run.folder, 'model')
    // One that has answered everything may be gone.
    const sampleRate = (await isModelFolder(model)) ? await rateOf(model) : QUESTIONS_RATE
    const asked = { ...askedAll, ...rateIdentity(sampleRate) }
    if (await answersOf(folder, run, asked)) continue
    const drawing = { limit, scenes, seed: 1, wordings: 'held-out', sampleRate, signal } as const
    const questions =
      questionsAt.get(sampleRate) ??
      (await showingDecoding((shown) => questionsOf(file, changes, { ...drawing, ...shown })))
    questionsAt.set(sampleRate, questions)
    await judgeAgain(folder, run, questions.vocabulary)
    if (await answersOf(folder, run, asked)) continue
    const identity = { ...asked, count: questions.items.length }
    if (!(await askAll(model, questions, { folder: answersFolder(folder, run), identity, signal })))
      return undefined
    if (done < runs.length - 1) await writeComparisonReport(folder)
  }
  return { folder, failed }
}

function notTrained(failed: readonly PlannedRun[], file: string): PalError {
  const names = failed.map(({ folder }) => folder).join(', ')
  return new PalError(`expected all runs to finish, got some that pal train could not: ${names}`, {
    file,
    hint: 'What it said of each is above, and the report is of the rest. The same command tries them again; --integrations leaves settings out; changes, such as of the learning rate, make another comparison (--out).',
  })
}

/** @throws PalError if there is something to change, which finished runs cannot, or an option of training and asking */
function reportOnly(folder: string, [change]: readonly string[], command: Command): string {
  const option = command.options.find(
    (one) => one.long !== '--json' && command.getOptionValueSource(one.attributeName()) === 'cli',
  )
  if (change === undefined && !option) return resolve(folder)
  const got = change === undefined ? option?.long : `the change "${change}"`
  throw new PalError(`expected a folder alone, got ${got}`, {
    file: folder,
    hint:
      change === undefined
        ? 'Its report is of all that it keeps. To train or ask otherwise, give the recipe.'
        : 'To train with changes, give the recipe.',
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The command line with every option said, so that it stays the same when a default changes. */
function commandOf(
  file: string,
  changes: readonly string[],
  options: CompareCliOptions & { readonly integrations: readonly string[] },
): string {
  const { integrations, seeds, limit, scenes, out } = options
  const words = [
    ...['pal', 'compare', file, ...changes, ...baseArguments(options)],
    ...['--integrations', integrations.join(','), '--seeds', seeds.join(',')],
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
    ...['--scenes', String(scenes)],
    ...(out === undefined ? [] : ['--out', out]),
  ]
  return words
    .map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

/** Asks a run's model. @returns whether it has answered everything, that is, was not interrupted */
async function askAll(model: string, questions: EvalSet, options: EvalOptions): Promise<boolean> {
  const { loadPal } = await import('../model/pal.js')
  const { evaluate } = await import('../eval/run.js')
  const line = new ProgressLine()
  const onProgress = (done: number, total: number) => line.show(`${done}/${total} questions`)
  const samples = await evaluate(() => loadPal({ model }), questions, { ...options, onProgress })
  line.end()
  return samples.length === questions.items.length
}

function names(text: string): readonly string[] {
  const values = text.split(',').map((name) => name.trim())
  if (values.includes(''))
    throw new InvalidArgumentError('Expected names separated by commas, got nothing before or after a comma.')
  return eachOnce(values)
}

function numbers(text: string): readonly number[] {
  const values = names(text).map(Number)
  if (values.every((value) => Number.isInteger(value) && value >= 0)) return eachOnce(values)
  throw new InvalidArgumentError('Expected whole numbers, separated by commas.')
}

function eachOnce<T>(values: readonly T[]): readonly T[] {
  if (new Set(values).size === values.length) return values
  throw new InvalidArgumentError('Expected each once.')
}
