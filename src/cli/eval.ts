import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { Vocabulary } from '../data/questions/task.js'
import type { WordingSplit } from '../data/questions/wording.js'
import { PalError } from '../errors.js'
import type { Protocol } from '../eval/answer-items.js'
import type { External } from '../eval/external/external-scores.js'
import type { EvalSet } from '../eval/items.js'
import type { Stamp } from '../eval/kept-items.js'
import type { EvalIdentity, Sample, Unreadable } from '../eval/run.js'
import type { LoadOptions } from '../model/load-options.js'
import { rankZeroFirst } from '../parallel/ranks.js'
import { externalOption } from './external-option.js'
import { type BaseFlags, wholeNumber, withBasePlaces } from './options.js'
import { ProgressLine, showingDownloads } from './progress.js'
import type { CliContext } from './verb.js'

interface EvalCliOptions extends BaseFlags {
  readonly model?: string
  readonly threads?: number
  readonly tasks?: string
  readonly limit?: number
  readonly scenes: number
  readonly seed: number
  readonly wordings: WordingSplit
  readonly question?: string
  readonly protocol: Protocol
  readonly nll?: boolean
  readonly out?: string
  readonly rescore?: true
  readonly against?: string
  readonly external: readonly External[]
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  withBasePlaces(
    command
      .argument(
        '<what>',
        'a recipe, whose held-out recordings are asked about; a manifest (.jsonl or .json); parquet files or tar shards; or a data set as it is published, as layout:path',
      )
      .argument('[changes...]', 'settings of the recipe to change, as key=value')
      .option('--model <name or folder>', 'the model to ask (default: the one that ships)'),
  )
    .option('--threads <count>', 'threads of one operation (default: all cores)', wholeNumber(1))
    .option('--tasks <names>', 'only these, separated by commas')
    .option('--limit <count>', 'at most so many questions of each task, drawn by the seed', wholeNumber(1))
    .option('--scenes <count>', 'scenes composed for each task about scenes', wholeNumber(1), 200)
    .option('--seed <number>', 'of the questions and scenes', wholeNumber(0), 1)
    .addOption(
      new Option('--wordings <which>', 'those that training never uses, or those that it does')
        .choices(['held-out', 'train'])
        .default('held-out'),
    )
    .option('--question <text>', 'what rows of a manifest are asked that keep no question')
    .addOption(
      new Option(
        '--protocol <which>',
        'the model writes its answer, or the likeliest of all possible answers counts',
      )
        .choices(['generation', 'likelihood'])
        .default('generation'),
    )
    .option('--nll', 'also how likely the model finds the right answers: nats per answer and per token')
    .option('--out <folder>', 'where the answers are kept (default: runs/eval-<what>-<model>)')
    .option('--rescore', 'score the answers kept in --out again, without a model')
    .option('--against <folder>', 'compare with the answers of another evaluation, question by question')
    .option(
      '--external <name=command>',
      'also score captions by a program of yours, as docs/evaluation.md says; may be given several times',
      externalOption,
      [],
    )
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      `
Answers are kept as they come (samples.jsonl): the same command goes on where an interrupted one stopped.

Examples:
  pal eval recipes/pal-tiny.yaml data.root=path/to/recordings --model runs/pal-tiny/stages/alone
  pal eval questions.jsonl
  pal eval questions.jsonl --model runs/new/model --against runs/eval-questions.jsonl-default
  pal eval 'path/to/test-*.parquet'
  pal eval esc50:path/to/ESC-50-master
  pal eval esc50:path/to/ESC-50-master --protocol likelihood --nll

Layouts: audiocaps, audioset, clotho, esc50, fsd50k, gtzan, librispeech, nsynth and vggsound (a folder), mmau and
mmar (.json or .jsonl); see docs/evaluation.md.`,
    )
    .action(async (what: string, changes: readonly string[], options: EvalCliOptions) => {
      const { markdown, report } = await import('../eval/report.js')
      const { QUESTIONS_RATE, rateOf } = await import('../eval/rate.js')
      // Answers that are scored again are not heard again, and need no model, which may be gone.
      const sampleRate = options.rescore ? QUESTIONS_RATE : await rateOf(options.model)
      const set = await itemsOf(what, changes, { ...options, sampleRate, signal: context.signal })
      const { expectCaptions, externalScores } = await import('../eval/external/external-scores.js')
      if (options.external.length > 0) expectCaptions(set.items)
      const folder = options.out ?? join('runs', folderName(what, options))
      if (options.rescore && context.ranks.size > 1) {
        throw new PalError('expected one process, got an mpirun of several', { key: '--rescore' })
      }
      const { answersOf, pairedMarkdown, pairedRows } = await import('../eval/against.js')
      // Before anything is asked.
      const others =
        options.against === undefined
          ? undefined
          : await answersOf(options.against, set.items, await askedBy([what, ...changes], options))
      const samples = options.rescore
        ? await (await import('../eval/run.js')).rescore(folder, set.vocabulary)
        : await answersTo(set, folder, [what, ...changes], options, context)
      if (context.ranks.rank > 0) return
      // Of a part of the answers no program is asked.
      const externals = context.signal.aborted ? [] : options.external
      const scores = await externalScores(externals, samples, set.items, { folder, signal: context.signal })
      const reports = report(samples, set.items, scores)
      const { writeAtomically } = await import('../weights/write-atomically.js')
      await writeAtomically(join(folder, 'report.json'), `${JSON.stringify(reports, null, 2)}\n`)
      if (options.against === undefined || !others) {
        process.stdout.write(options.json ? `${JSON.stringify(reports)}\n` : `${markdown(reports)}\n`)
        return
      }
      const against = pairedRows(samples, others, set.items)
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ reports, against })}\n`
          : `${markdown(reports)}\n\n${pairedMarkdown(against, options.against)}\n`,
      )
    })
}

interface ItemsOptions
  extends Pick<EvalCliOptions, 'tasks' | 'limit' | 'scenes' | 'seed' | 'wordings' | 'question'> {
  /** Hz at which recordings are read: what the model hears at. */
  readonly sampleRate: number
  /** Stops the decoding of a recipe's recordings. */
  readonly signal?: AbortSignal
}

/** The questions: from the recordings that a recipe holds out, from a manifest's rows, from shards or a data set. */
export async function itemsOf(
  what: string,
  changes: readonly string[],
  { tasks, limit, scenes, seed, wordings, question, sampleRate, signal }: ItemsOptions,
): Promise<EvalSet> {
  const { clipItems, clipTasks } = await import('../eval/items.js')
  const { isManifestFile } = await import('../data/manifests/manifest.js')
  const { manifestItems } = await import('../eval/manifest-items.js')
  const { layoutItems, layoutOf } = await import('../eval/layouts/index.js')
  const { shardItems } = await import('../eval/shard-items.js')
  const { expectDistinct } = await import('../eval/distinct-items.js')
  const { isShards, shardFiles } = await import('../data/shards/shard-files.js')
  const { contentStamp, fileStamp, stamped } = await import('../eval/kept-items.js')
  const named = tasks?.split(',')
  const [all, stamp] = await readItems()
  expectDistinct(all.items)
  expectTasks(named, [...new Set(all.items.map(({ task }) => task))])
  const chosen = all.items.filter(({ task }) => named?.includes(task) ?? true)
  const asked = limit ? await firstOfEach(chosen, limit, seed) : chosen
  return { ...all, items: await stamped(asked, stamp) }

  async function readItems(): Promise<[EvalSet, Stamp]> {
    const layout = layoutOf(what)
    const isManifest = isManifestFile(what)
    const isWritten = isManifest || (await isShards(what))
    if (question !== undefined && (layout || !isWritten)) {
      throw new PalError('expected a question with a manifest only, whose rows may have none', {
        ...{ file: what, key: '--question' },
      })
    }
    if (!layout && !isWritten) return [await recipeItems(), contentStamp]
    if (changes.length > 0) {
      const isChange = changes[0]?.includes('=')
      const expected = isChange ? 'changes with a recipe only' : 'one set of questions per call'
      throw new PalError(`expected ${expected}, got "${changes[0]}"${isChange ? '' : ' as well'}`, {
        file: what,
        hint: isChange
          ? 'Questions that are written down are asked as they are.'
          : 'Ask each by itself, or write them into one file. Settings of a recipe are given as key=value.',
      })
    }
    if (layout) return [await layoutItems(layout, sampleRate), fileStamp()]
    if (isManifest) return [await manifestItems(what, sampleRate, question), fileStamp()]
    return [await shardItems(what, sampleRate, question), fileStamp(await shardFiles(what))]
  }

  async function recipeItems(): Promise<EvalSet> {
    const { loadRecipe } = await import('../train/recipe/load-recipe.js')
    const { loadSets } = await import('../train/sources.js')
    const { vocabularyOf } = await import('../data/questions/vocabulary.js')
    const { QUESTIONS_RATE } = await import('../eval/rate.js')
    const { recipe } = await loadRecipe(what, changes)
    const heldOut = Object.entries(recipe.data.sets).filter(([, set]) => set.heldOut.length > 0)
    // Before all recordings are decoded.
    if (heldOut.length > 0) expectTasks(named, clipTasks(heldOut.map(([name]) => name)))
    const line = new ProgressLine()
    const known: Vocabulary = vocabularyOf(await labelsOf(recipe))
    const onProgress = (set: string, done: number, total: number) =>
      line.show(`decoding ${set} ${done}/${total}`)
    const onWarning = (message: string) => line.note(`warning: ${message}`)
    const sets = await loadSets(recipe, 'held-out', QUESTIONS_RATE, { onProgress, onWarning, signal })
    const heard =
      sampleRate === QUESTIONS_RATE
        ? sets
        : await loadSets(recipe, 'held-out', sampleRate, { onProgress, signal })
    line.end()
    if (sets.size === 0) {
      throw new PalError('expected recordings that are held out, got none', {
        file: what,
        key: 'data.sets.*.heldOut',
        hint: 'Name the groups to ask about, for instance data.sets.esc10.heldOut=[4].',
      })
    }
    return clipItems(sets, known, { seed, scenes, wordings, heard })
  }
}

function expectTasks(named: readonly string[] | undefined, known: readonly string[]): void {
  const wrong = named?.find((task) => !known.includes(task))
  if (wrong === undefined) return
  throw new PalError(`expected one of ${known.join(', ')}, got "${wrong}"`, { key: '--tasks' })
}

/** All labels of a recipe's recordings, held out or not. */
async function labelsOf({ data }: { readonly data: import('../train/recipe/recipe.js').Recipe['data'] }) {
  const { readClips } = await import('../data/clips/read-clips.js')
  const sets = Object.entries(data.sets).map(([name, { heldOut: _, ...set }]) =>
    readClips({ name, ...set }, data.root),
  )
  return (await Promise.all(sets)).flat()
}

/** A seeded draw of each task's questions, in their order. */
async function firstOfEach<T extends { readonly task: string }>(
  items: readonly T[],
  limit: number,
  seed: number,
) {
  const { Random } = await import('../random.js')
  const { groupBy } = await import('../group-by.js')
  const chosen = [...groupBy(items, ({ task }) => task)].flatMap(([task, of]) =>
    new Random('limit', seed, task).shuffle(of).slice(0, limit),
  )
  const kept = new Set(chosen)
  return items.filter((item) => kept.has(item))
}

async function answersTo(
  set: EvalSet,
  folder: string,
  asked: readonly string[],
  options: EvalCliOptions,
  { signal, ranks }: CliContext,
): Promise<readonly Sample[]> {
  const { loadPal } = await import('../model/pal.js')
  const { rateIdentity } = await import('../eval/rate.js')
  const { evaluate } = await import('../eval/run.js')
  const { SCORER_VERSION } = await import('../eval/score.js')
  const { model, protocol, nll = false, threads = ranks.threads } = options
  const line = new ProgressLine()
  const unreadable: Unreadable[] = []
  const pal = await showingDownloads(signal, (fetch) =>
    rankZeroFirst(ranks, () => loadPal({ ...modelFlags(options), fetch, ...(threads && { threads }) })),
  )
  try {
    const samples = await evaluate(pal, set, {
      ...{ folder, protocol, nll },
      onUnreadable: (recording) => unreadable.push(recording),
      identity: {
        ...(await askedBy(asked, options)),
        model: model ?? 'default',
        ...(await identityOf(model)),
        ...rateIdentity(pal.description.sampleRate),
        labels: hashOf(JSON.stringify(set.vocabulary)),
        // Folders of before these could be chosen do not have them.
        ...(protocol !== 'generation' && { protocol }),
        ...(nll && { nll: 'asked' }),
        scorer: SCORER_VERSION,
      },
      ...{ ranks, signal },
      onProgress: (done, total) => line.show(`${done}/${total} questions`),
    })
    line.end()
    if (ranks.rank > 0) return samples
    await reportUnreadable(unreadable, samples.length, folder)
    if (samples.length < set.items.length && signal.aborted) {
      process.stderr.write(
        `Stopped after ${samples.length} of ${set.items.length}; the same command goes on from here.\n`,
      )
    }
    return samples
  } finally {
    await pal.close()
  }
}

/** What the questions follow from, whichever model they are asked. */
async function askedBy(
  asked: readonly string[],
  { seed, scenes, wordings, tasks = 'all', limit = 0 }: EvalCliOptions,
): Promise<EvalIdentity> {
  const { QUESTIONS_VERSION } = await import('../eval/items.js')
  return {
    ...{ asked: asked.join(' '), seed, scenes, wordings, tasks, limit },
    questions: QUESTIONS_VERSION,
  }
}

/** @throws PalError if nothing could be read at all: then the path is wrong, not the model */
async function reportUnreadable(
  unreadable: readonly Unreadable[],
  answered: number,
  folder: string,
): Promise<void> {
  const { rm } = await import('node:fs/promises')
  const { writeAtomically } = await import('../weights/write-atomically.js')
  const file = join(folder, 'unreadable.jsonl')
  const [first] = unreadable
  if (!first) return rm(file, { force: true }) // A run before may have missed what is there now.
  if (answered === 0) throw new PalError(`expected recordings that can be read, got none: ${first.reason}`)
  await writeAtomically(file, unreadable.map((recording) => `${JSON.stringify(recording)}\n`).join(''))
  const questions = unreadable.reduce((sum, recording) => sum + recording.questions, 0)
  const [recordings, their] = unreadable.length === 1 ? ['recording', 'its'] : ['recordings', 'their']
  const count = questions === 1 ? 'question counts' : `${questions} questions count`
  process.stderr.write(
    `${unreadable.length} ${recordings} could not be read; ${their} ${count} as wrong (${file}).\n`,
  )
}

/** Which model is asked, and where what it is built on lies. */
function modelFlags({ model, llm, encoder }: EvalCliOptions): LoadOptions {
  return { ...(model && { model }), ...(llm !== undefined && { llm }), ...(encoder && { encoder }) }
}

/**
 * Tells a model from the one that was at the same place before. What it is built on is named in its configuration, by
 * fingerprint.
 */
async function identityOf(model: string | undefined): Promise<EvalIdentity> {
  const { findModel } = await import('../hub/find-model.js')
  const { TOKENIZER_FILES } = await import('../model/stored/model-folder.js')
  const { readFile } = await import('node:fs/promises')
  const folder = findModel(model)
  const texts = TOKENIZER_FILES.map((name) => readFile(join(folder, name), 'utf8').catch(() => null))
  return {
    weights: await hashOfFile(join(folder, 'model.safetensors')),
    config: await hashOfFile(join(folder, 'config.json')),
    tokenizer: hashOf(JSON.stringify(await Promise.all(texts))),
  }
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function folderName(what: string, { model, protocol, nll }: EvalCliOptions): string {
  return [
    `eval-${slug(what)}-${slug(model ?? 'default')}`,
    ...(protocol === 'generation' ? [] : [protocol]),
    ...(nll ? ['nll'] : []),
  ].join('-')
}

function slug(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
}
