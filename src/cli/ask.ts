import { existsSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { PalError } from '../errors.js'
import type { AskOptions } from '../model/ask-options.js'
import type { LoadOptions } from '../model/load-options.js'
import type { Pal } from '../model/pal.js'
import {
  aboveZero,
  collect,
  fraction,
  number,
  type OpeningFlags,
  openingOf,
  wholeNumber,
  withOpening,
} from './options.js'
import { showingOpening } from './progress.js'
import { inFlags, told } from './told.js'
import type { CliContext } from './verb.js'

interface AskFlags extends OpeningFlags {
  readonly question?: readonly string[]
  readonly together?: true
  readonly json?: true
  readonly model?: string
  readonly provider?: string
  readonly threads?: number
  readonly maxSeconds?: number
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
  readonly repetitionPenalty?: number
  readonly stop?: readonly string[]
  readonly seed?: number
}

export function register(command: Command, context: CliContext): void {
  withOpening(
    command
      .usage('[options] <audio...> <question>')
      .argument('<words...>', 'audio files of any format and rate (- is standard input), and the question')
      .option(
        '-q, --question <text>',
        'ask this; may be given several times, each file is heard once',
        collect,
      )
      .option('--together', 'hear all files one after the other and ask about them as one')
      .option('--json', 'print one JSON object for each answer')
      .option('--model <model>', 'the name of a model that ships, or a folder (default: "pal-tiny")'),
  )
    .option('--provider <name>', 'execution provider, see `pal doctor` (default: "cpu")')
    .option('--threads <count>', 'threads (default: all cores)', wholeNumber(1))
    .option('--max-seconds <number>', 'refuse audio that is longer (default: 3600)', aboveZero)
    .option('--max-tokens <count>', 'the most tokens of an answer (default: 256)', wholeNumber(1))
    .option('--temperature <number>', 'draw words at random, above 0 (default: 0)', number(0))
    .option('--top-k <count>', 'draw from the so many likeliest tokens (default: all)', wholeNumber(1))
    .option('--top-p <share>', 'draw from the likeliest tokens of this probability (default: 1)', fraction)
    .option('--min-p <share>', 'draw from tokens this likely beside the likeliest (default: 0)', fraction)
    .option(
      '--repetition-penalty <factor>',
      'make tokens that were read or said less likely, above 1 (default: 1)',
      number(0),
    )
    .option('--stop <text>', 'end the answer before this text; may be given several times', collect)
    .option('--seed <number>', 'the same seed draws the same answer (default: 0)', wholeNumber(0))
    .addHelpText(
      'after',
      `
Examples:
  pal ask recording.wav 'What do you hear?'
  pal ask *.mp3 -q 'What do you hear?' -q 'How many times?' --json`,
    )
    .action(async (words: readonly string[], flags: AskFlags) => {
      const { audio, questions } = divide(command, words, flags)
      await ask(audio, questions, { command, flags, context })
    })
}

/** The words are audio files, the last one the question unless options ask. */
function divide(command: Command, words: readonly string[], { question: asked = [] }: AskFlags) {
  if (asked.length > 0) return { audio: words, questions: asked }
  const audio = words.slice(0, -1)
  const question = words.at(-1) ?? ''
  const mistake = orderMistake(audio, question)
  if (mistake !== undefined) command.error(`error: ${mistake}`)
  return { audio, questions: [question] }
}

/** What is wrong with the order of the words, or with how many there are. */
function orderMistake(audio: readonly string[], question: string): string | undefined {
  const [first] = audio
  if (first === undefined) return `expected a question after the audio, got only ${question}`
  if (!existsSync(question)) return undefined
  if (!existsSync(first) && !looksLikeFile(first)) {
    return `expected the question after the audio, got "${first}" first: the question comes last`
  }
  const kind = statSync(question).isDirectory() ? 'folder' : 'file'
  return `expected a question after the audio, got only names: the last word, "${question}", is a ${kind} here: ask with -q "…"`
}

async function ask(audio: readonly string[], questions: readonly string[], call: Call): Promise<void> {
  const { flags, context } = call
  const groups = flags.together ? [audio] : audio.map((path) => [path])
  const there: (readonly string[])[] = []
  // Before a model is opened, which may have to be fetched.
  for (const paths of groups) {
    if (await attempt(paths, call, () => expectFiles(paths))) there.push(paths)
  }
  if (there.length === 0) return
  const { loadPal } = await import('../model/pal.js')
  const pal = await showingOpening(context.signal, (shown) => loadPal({ ...modelFlags(flags), ...shown }))
  try {
    for (const paths of there) {
      await attempt(paths, call, () => askAbout(pal, paths, { ...call, groups: groups.length, questions }))
    }
  } finally {
    await pal.close()
  }
}

async function expectFiles(paths: readonly string[]): Promise<void> {
  const { expectFile } = await import('../audio/load-bytes.js')
  for (const path of paths) if (path !== '-') await expectFile(path)
}

/**
 * Does something with an audio. A mistake is told: one bad file does not keep the others from being heard.
 * @returns whether there was none
 */
async function attempt(
  paths: readonly string[],
  { command, flags, context }: Call,
  task: () => Promise<void>,
): Promise<boolean> {
  try {
    await task()
    return true
  } catch (error) {
    if (!(error instanceof PalError) || context.signal.aborted) throw error
    const message = [told(error, command), ...strayQuestion(paths, flags)].join('\n')
    if (flags.json) print({ audio: nameOf(paths), error: message })
    process.stderr.write(`pal: ${message}\n`)
    context.exitCode = 1
    return false
  }
}

/** Which model is asked, where what it is built on lies, and what it runs on. */
function modelFlags({ model, provider, threads, ...flags }: AskFlags): LoadOptions {
  return {
    ...openingOf(flags),
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
    ...(threads !== undefined && { threads }),
  }
}

/** How it is answered. */
function answerFlags(flags: AskFlags): AskOptions {
  return Object.fromEntries(
    ANSWER_FLAGS.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  )
}

const ANSWER_FLAGS = [
  ...(['maxTokens', 'temperature', 'topK', 'topP', 'minP'] as const),
  ...(['repetitionPenalty', 'stop', 'seed'] as const),
]

/** What to do where a question, which has no ending of a file, stands among the files. */
function strayQuestion(paths: readonly string[], { question }: AskFlags): readonly string[] {
  const stray = paths.find((path) => !existsSync(path) && !looksLikeFile(path))
  if (stray === undefined) return []
  return question
    ? [`With -q, every argument is an audio file. If "${stray}" is a question, ask it with -q, too.`]
    : [`If "${stray}" is the question: it comes last.`]
}

/** Standard input, or what ends as a file does. */
const looksLikeFile = (word: string) => /^-$|\.\w+$/.test(word)

/** What the command line said, and to whom. */
interface Call {
  readonly command: Command
  readonly flags: AskFlags
  readonly context: CliContext
}

interface Asking extends Call {
  /** How many audios are asked about in all. */
  readonly groups: number
  readonly questions: readonly string[]
}

/** All questions about one audio, which is heard once. */
async function askAbout(
  pal: Pal,
  paths: readonly string[],
  { groups, questions, command, flags, context: { signal } }: Asking,
): Promise<void> {
  const { maxSeconds } = flags
  const inWords = (warning: string) => inFlags(warning, command)
  const warn = (warning: string) => process.stderr.write(`pal: warning: ${inWords(warning)}\n`)
  const memory = await pal.listen(paths, { ...(maxSeconds !== undefined && { maxSeconds }), signal })
  if (!flags.json) memory.warnings.forEach(warn)
  for (const question of questions) {
    const answer = pal.ask(memory, question, { ...answerFlags(flags), signal })
    if (flags.json) {
      const { warnings, ...result } = await answer.result
      print({ audio: nameOf(paths), question, ...result, warnings: warnings.map(inWords) })
      continue
    }
    // Only several audios or questions need be told apart.
    if (groups > 1) process.stdout.write(`${nameOf(paths)}: `)
    if (questions.length > 1) process.stdout.write(`${question} `)
    for await (const piece of answer) process.stdout.write(piece)
    process.stdout.write('\n')
    const { warnings } = await answer.result
    warnings.filter((warning) => !memory.warnings.includes(warning)).forEach(warn)
  }
}

function nameOf(paths: readonly string[]): string {
  return paths.join(' + ')
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
