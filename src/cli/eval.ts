import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { WordingSplit } from '../data/questions/wording.js'
import { PalError } from '../errors.js'
import type { Protocol } from '../eval/answer-items.js'
import type { External } from '../eval/external/external-scores.js'
import type { Answering, Asked } from '../eval/identity.js'
import type { EvalSet } from '../eval/items.js'
import type { Unreadable } from '../eval/run.js'
import type { Sample } from '../eval/sample.js'
import { externalOption } from './external-option.js'
import { type OpeningFlags, openingOf, wholeNumber, withOpening } from './options.js'
import { ProgressLine, showingDecoding, showingOpening } from './progress.js'
import type { CliContext } from './verb.js'

interface EvalCliOptions extends OpeningFlags {
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
  withOpening(
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
    .option(
      '--out <folder>',
      'where the answers are kept (default: runs/eval-<what>-<model>, with the limit)',
    )
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
      const { isRecipe, questionsOf } = await import('../eval/questions-of.js')
      // Answers that are scored again are not heard again, and need no model, which may be gone.
      const sampleRate = options.rescore ? QUESTIONS_RATE : await rateOf(options.model)
      const asked = { ...options, asked: [what, ...changes], sampleRate }
      const drawing = { ...options, tasks: options.tasks?.split(','), sampleRate, signal: context.signal }
      const set = await showingDecoding((shown) => questionsOf(what, changes, { ...drawing, ...shown }))
      const { expectCaptions, externalScores } = await import('../eval/external/external-scores.js')
      if (options.external.length > 0) expectCaptions(set.items)
      if (!options.rescore && (await isRecipe(what))) await warnOfHeldOut(options.model, what)
      const { defaultFolder } = await import('../eval/default-folder.js')
      const folder = options.out ?? defaultFolder(what, options)
      if (options.rescore && context.ranks.size > 1) {
        throw new PalError('expected one process, got an mpirun of several', { key: '--rescore' })
      }
      if (options.rescore) await setDoubledAside(folder)
      const { pairedMarkdown, pairedRows } = await import('../eval/against.js')
      // Before anything is asked.
      const others = await answersThere(set, folder, asked, options)
      const samples = options.rescore
        ? await (await import('../eval/run.js')).rescore(folder, set.vocabulary)
        : await answersTo(set, folder, asked, options, context)
      const isStoppedAtOnce = context.signal.aborted && samples.length === 0
      if (context.ranks.rank > 0 || isStoppedAtOnce) return
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

async function setDoubledAside(folder: string): Promise<void> {
  const { setAsideDoubled } = await import('../eval/doubled-answers.js')
  const aside = await setAsideDoubled(folder)
  if (!aside) return
  const what = aside.answers === 1 ? 'an answer' : `${aside.answers} answers`
  new ProgressLine().note(
    `warning: ${what} to questions that were answered before went to ${aside.file}: two processes had asked in this folder`,
  )
}

/** What is held out of one stage, and heard in a later one, is measured as if it were new. */
async function warnOfHeldOut(model: string | undefined, recipe: string): Promise<void> {
  const { findModel } = await import('../hub/find-model.js')
  const { heldOutHeard } = await import('../train/held-out-heard.js')
  const stages = await heldOutHeard(findModel(model), recipe)
  if (stages.length === 0) return
  new ProgressLine().note(
    `warning: this model has heard what its recipe holds out, in stage ${stages.join(', ')} (hears: all): asked about that, it is measured on training data`,
  )
}

/**
 * What is compared with. Answers that are scored again stand for what was asked when they were given, so it is their questions,
 * too, that have to be those of now.
 */
async function answersThere(
  { items, vocabulary }: EvalSet,
  folder: string,
  asked: Asked & Pick<Answering, 'sampleRate'>,
  { against, rescore }: EvalCliOptions,
): Promise<readonly Sample[] | undefined> {
  if (against === undefined) return undefined
  const { answersOf, expectSameQuestions } = await import('../eval/against.js')
  const { questionsIdentity } = await import('../eval/identity.js')
  const { keptAnswers } = await import('../eval/kept-answers.js')
  const here = { items, vocabulary, sampleRate: asked.sampleRate, asked: questionsIdentity(asked) }
  const own = rescore && (await keptAnswers(folder))
  if (own) expectSameQuestions(own, here, folder)
  return answersOf(against, here)
}

async function answersTo(
  set: EvalSet,
  folder: string,
  asked: Asked & Pick<Answering, 'sampleRate'>,
  options: EvalCliOptions,
  { signal, ranks }: CliContext,
): Promise<readonly Sample[]> {
  const { identityOf } = await import('../eval/identity.js')
  const { evaluate } = await import('../eval/run.js')
  const { model, bits, protocol, nll = false, threads = ranks.threads } = options
  const { sampleRate } = asked
  const line = new ProgressLine()
  const unreadable: Unreadable[] = []
  const load = async () => {
    const { loadPal } = await import('../model/pal.js')
    return showingOpening(signal, (shown) =>
      loadPal({ ...openingOf(options), ...(model && { model }), ...shown, ...(threads && { threads }) }),
    )
  }
  const samples = await evaluate(load, set, {
    ...{ folder, protocol, nll },
    onUnreadable: (recording) => unreadable.push(recording),
    identity: await identityOf(asked, { model, bits, sampleRate, vocabulary: set.vocabulary, protocol, nll }),
    ...{ ranks, signal },
    onProgress: (done, total) => line.show(`${done}/${total} questions`),
  })
  line.end()
  if (ranks.rank > 0) return samples
  await reportUnreadable(unreadable, samples.length, folder)
  if (samples.length > 0 && samples.length < set.items.length && signal.aborted) {
    process.stderr.write(
      `Stopped after ${samples.length} of ${set.items.length}; the same command goes on from here.\n`,
    )
  }
  return samples
}

async function reportUnreadable(
  unreadable: readonly Unreadable[],
  answered: number,
  folder: string,
): Promise<void> {
  const { keepUnreadable } = await import('../eval/keep-unreadable.js')
  const file = await keepUnreadable(unreadable, answered, folder)
  if (file === undefined) return
  const questions = unreadable.reduce((sum, recording) => sum + recording.questions, 0)
  const [recordings, their] = unreadable.length === 1 ? ['recording', 'its'] : ['recordings', 'their']
  const count = questions === 1 ? 'question counts' : `${questions} questions count`
  process.stderr.write(
    `${unreadable.length} ${recordings} could not be read; ${their} ${count} as wrong (${file}).\n`,
  )
}
