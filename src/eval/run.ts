import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audio } from '../audio/audio.js'
import type { Vocabulary } from '../data/questions/task.js'
import { PalError } from '../errors.js'
import type { Pal } from '../model/pal.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { answerItems, type HeardItem, type Protocol } from './answer-item.js'
import { groupBy } from './bootstrap.js'
import { expectClosed } from './closed-answers.js'
import type { EvalItem, EvalSet } from './items.js'
import type { Outcome } from './measure.js'
import { judge, SCORER_VERSION } from './score.js'

/** One answered question, as `samples.jsonl` keeps it. */
export interface Sample
  extends Omit<EvalItem, 'samples' | 'closed'>,
    Pick<Outcome, 'right' | 'protocol' | 'scores' | 'correct' | 'nll'> {
  readonly answer: string
  /** The answer cannot be read as what was asked for. */
  readonly offFormat?: boolean
}

/** A recording that is not there or cannot be decoded: its questions have no answer and count as wrong. */
export interface Unreadable {
  readonly audio: string
  readonly questions: number
  readonly reason: string
}

/** What a run's answers depend on; a folder is not gone on with when it differs. */
export type EvalIdentity = Readonly<Record<string, string | number>>

export interface EvalOptions {
  /** Where `samples.jsonl` is kept. */
  readonly folder: string
  readonly identity: EvalIdentity
  /** @default 'generation' */
  readonly protocol?: Protocol
  /** Also how likely the model finds each right answer. @default false */
  readonly nll?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** Is told of recordings that cannot be read, and the rest are asked about. @default none: the error is thrown */
  readonly onUnreadable?: (recording: Unreadable) => void
}

/** Questions that are answered together: a language model's weights are then read once for a word of all answers. */
const TOGETHER = 8

const SAMPLES = 'samples.jsonl'
const IDENTITY = 'identity.json'

/**
 * Asks a model every question, each audio heard once, and keeps each answer as it comes: a run that is stopped
 * goes on where it stopped. The order is that of the items, so the answers do not depend on where it stopped.
 * @returns the samples that there are: all of them but for unreadable recordings, unless the signal came
 * @throws PalError for the likelihood protocol with questions that are answered in free words
 */
export async function evaluate(
  pal: Pal,
  { items, vocabulary }: EvalSet,
  options: EvalOptions,
): Promise<readonly Sample[]> {
  const { folder, protocol = 'generation', nll = false, signal, onProgress, onUnreadable } = options
  if (protocol === 'likelihood') expectClosed(items, vocabulary)
  const samples = [...(await openFolder(folder, options.identity))]
  const answered = new Set(samples.map(({ id }) => id))
  const { sampleRate } = pal.description
  let heard: HeardItem[] = []
  const answerHeard = async () => {
    const answers = await answerItems(pal, heard, { protocol, nll, vocabulary })
    samples.push(...answers)
    await appendFile(join(folder, SAMPLES), answers.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
    heard = []
    onProgress?.(samples.length, items.length)
  }
  for (const [audio, questions] of groupBy(items, (item) => item.audio)) {
    if (signal?.aborted) break
    const open = questions.filter(({ id }) => !answered.has(id))
    if (open.length === 0) continue
    const waveform = await read(open, onUnreadable)
    if (!waveform) continue
    const memory = await pal.listen(audioOf(audio, waveform, sampleRate))
    for (const item of open) {
      heard.push({ memory, item })
      if (heard.length === TOGETHER) await answerHeard()
    }
  }
  if (heard.length > 0) await answerHeard()
  return samples
}

/** The answers that a folder keeps and what they depend on; nothing where there are none. */
export async function keptAnswers(
  folder: string,
): Promise<{ readonly identity: EvalIdentity; readonly samples: readonly Sample[] } | undefined> {
  if (!existsSync(join(folder, IDENTITY))) return undefined
  const identity = JSON.parse(await readFile(join(folder, IDENTITY), 'utf8')) as EvalIdentity
  return { identity, samples: await readSamples(folder) }
}

/** Saved answers, scored again as the scorer is now, and saved so. */
export async function rescore(folder: string, vocabulary: Vocabulary): Promise<readonly Sample[]> {
  const samples = await readSamples(folder)
  if (samples.length === 0) {
    throw new PalError('expected answers that `pal eval` has saved, got none', {
      file: join(folder, SAMPLES),
    })
  }
  const scored = samples.map((sample) => ({ ...sample, ...judge(sample, sample.answer, vocabulary) }))
  await writeAtomically(join(folder, SAMPLES), scored.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
  const identity = join(folder, IDENTITY)
  if (existsSync(identity)) {
    const known = JSON.parse(await readFile(identity, 'utf8')) as EvalIdentity
    await writeAtomically(identity, identityText({ ...known, scorer: SCORER_VERSION }))
  }
  return scored
}

/** The waveform of one recording's questions; nothing if it cannot be read and somebody wants to be told so. */
async function read(
  questions: readonly EvalItem[],
  onUnreadable: EvalOptions['onUnreadable'],
): Promise<Float32Array | undefined> {
  const { audio, samples } = questions[0] as EvalItem
  try {
    return await samples()
  } catch (error) {
    if (!onUnreadable || !(error instanceof PalError)) throw error
    onUnreadable({ audio, questions: questions.length, reason: error.message })
    return undefined
  }
}

const identityText = (identity: EvalIdentity) => `${JSON.stringify(identity, null, 2)}\n`

function audioOf(name: string, samples: Float32Array, sampleRate: number): Audio {
  const seconds = samples.length / sampleRate
  return {
    samples,
    sampleRate,
    seconds,
    warnings: [],
    source: { name, format: 'wav', sampleRate, channels: 1, seconds },
  }
}

/** @throws PalError if the folder holds the answers to other questions, or of another model */
async function openFolder(folder: string, identity: EvalIdentity): Promise<readonly Sample[]> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, IDENTITY)
  if (!existsSync(path)) await writeAtomically(path, identityText(identity))
  else checkIdentity(JSON.parse(await readFile(path, 'utf8')) as EvalIdentity, identity, path)
  return readSamples(folder)
}

function checkIdentity(known: EvalIdentity, identity: EvalIdentity, file: string): void {
  const { scorer: judgedBy = 'an older one', ...before } = known
  const { scorer, ...now } = identity
  if (identityText(before) !== identityText(now)) {
    throw new PalError('expected a folder for these questions and this model, got one with others', {
      file,
      hint: 'Give another folder with --out.',
    })
  }
  if (scorer !== undefined && scorer !== judgedBy) {
    throw new PalError(`expected answers judged by scorer ${scorer}, got ones by ${judgedBy}`, {
      file,
      key: 'scorer',
      hint: 'Judge them again, without a model, with --rescore.',
    })
  }
}

/** A line that was cut by a kill is left out; its question is asked again. */
async function readSamples(folder: string): Promise<readonly Sample[]> {
  const path = join(folder, SAMPLES)
  if (!existsSync(path)) return []
  const text = await readFile(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await writeAtomically(path, whole)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Sample]))
}
