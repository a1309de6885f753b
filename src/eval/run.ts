import { join } from 'node:path'
import type { Samples } from '../audio/read-audio.js'
import type { AnswerVocabulary } from '../data/questions/task.js'
import { PalError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { keepLines } from '../kept-lines.js'
import type { Pal } from '../model/pal.js'
import { gather, type Ranks, rankZeroFirst, solitary } from '../parallel/ranks.js'
import { alone } from '../run-lock.js'
import { answerItems, type HeardItem, type Protocol } from './answer-items.js'
import { letGo, openFolder, removeParts, samplesFile, writeIdentity, writeSamples } from './answers-folder.js'
import { expectClosed } from './closed-answers.js'
import type { EvalIdentity } from './identity.js'
import type { EvalItem, EvalSet } from './items.js'
import { readIdentity, readSamples, SAMPLES } from './kept-answers.js'
import { expectSameItems } from './kept-items.js'
import type { Sample } from './sample.js'
import { judge, SCORER_VERSION } from './score.js'

/** A recording that is not there or cannot be decoded: its questions have no answer and count as wrong. */
export interface Unreadable {
  readonly audio: string
  readonly questions: number
  readonly reason: string
}

export interface EvalOptions {
  /** Where `samples.jsonl` is kept. */
  readonly folder: string
  readonly identity: EvalIdentity
  /** @default 'generation' */
  readonly protocol?: Protocol
  /** Also how likely the model finds each right answer. @default false */
  readonly nll?: boolean
  /** The processes that share the recordings, all called alike. @default this one alone */
  readonly ranks?: Ranks
  readonly signal?: AbortSignal
  /** Of the questions that are this rank's. */
  readonly onProgress?: (done: number, total: number) => void
  /** Is told of recordings that cannot be read, and the rest are asked about. @default none: the error is thrown */
  readonly onUnreadable?: (recording: Unreadable) => void
}

/** Questions that are answered together: a language model's weights are then read once for a word of all answers. */
const TOGETHER = 8

/**
 * Asks a model every question, each audio heard once, and keeps each answer as it comes: a run that is stopped
 * goes on where it stopped. The order is that of the items, so the answers do not depend on where it stopped. Several
 * ranks take the recordings by turns and keep what they are answered in files of their own, until all is done.
 * @param load opens the model, on all ranks or none: not if every question has its answer. It is closed in the end. Where the
 *   signal stops it, with the signal's reason, what was kept before is given back.
 * @returns on every rank, the samples that there are: all of them but for unreadable recordings, unless the signal came
 * @throws PalError for the likelihood protocol with questions that are answered in free words, and for a folder that
 *   holds answers to something else, or in which another process asks
 */
export async function evaluate(
  load: () => Promise<Pal>,
  set: EvalSet,
  options: EvalOptions,
): Promise<readonly Sample[]> {
  const { folder, protocol, ranks = solitary } = options
  if (protocol === 'likelihood') expectClosed(set.items, set.vocabulary)
  const ask = () => askOpen(load, set, options)
  return ranks.rank === 0 ? alone(folder, ask, { another: '--out' }) : ask()
}

/** Asks what has no answer yet. */
async function askOpen(
  load: () => Promise<Pal>,
  { items, vocabulary }: EvalSet,
  options: EvalOptions,
): Promise<readonly Sample[]> {
  const { folder, ranks = solitary } = options
  const kept = await rankZeroFirst(ranks, () => openFolder(folder, options.identity, ranks))
  expectSameItems(kept, items, join(folder, SAMPLES))
  const known = new Set(kept.map(({ id }) => id))
  const open = { vocabulary, items: items.filter(({ id }) => !known.has(id)) }
  const share = open.items.length === 0 ? NOTHING : await answerShare(load, open, options, kept.length)
  const shares = await gather(ranks, share)
  const missed = new Map(shares.flatMap(({ unreadable }) => unreadable).map((one) => [one.audio, one]))
  for (const audio of new Set(items.map((item) => item.audio))) {
    const recording = missed.get(audio)
    if (recording) options.onUnreadable?.(recording)
  }
  const found = [...kept, ...shares.flatMap(({ answers }) => answers)]
  const samples = inOrder(found, items)
  const asWritten = ranks.size === 1 && samples.every((sample, i) => sample === found[i])
  if (ranks.rank === 0 && !asWritten) {
    await writeSamples(folder, samples)
    await removeParts(folder)
  }
  if (ranks.rank === 0 && samples.length === 0) await letGo(folder)
  return samples
}

/** What one rank has been answered. */
interface Share {
  readonly answers: readonly Sample[]
  readonly unreadable: readonly Unreadable[]
}

const NOTHING: Share = { answers: [], unreadable: [] }

/**
 * Asks what is this rank's of the open questions.
 * @param before how many were answered before
 */
async function answerShare(
  load: () => Promise<Pal>,
  { items, vocabulary }: EvalSet,
  options: EvalOptions,
  before: number,
): Promise<Share> {
  const { folder, protocol = 'generation', nll = false, ranks = solitary, signal, onProgress } = options
  const mine = [...groupBy(items, ({ audio }) => audio)].filter((_, i) => i % ranks.size === ranks.rank)
  const total = before + mine.flatMap(([, questions]) => questions).length
  const file = samplesFile(folder, ranks)
  const answers: Sample[] = []
  const unreadable: Unreadable[] = []
  const tell = options.onUnreadable && ((recording: Unreadable) => void unreadable.push(recording))
  const pal = await open(load, options)
  if (!pal) return NOTHING
  let heard: HeardItem[] = []
  const answerHeard = async () => {
    const answered = await answerItems(pal, heard, { protocol, nll, vocabulary })
    answers.push(...answered)
    await keepLines(file, answered)
    heard = []
    onProgress?.(before + answers.length, total)
  }
  try {
    for (const [audio, questions] of mine) {
      if (signal?.aborted) break
      const sound = await read(questions, tell)
      if (!sound) continue
      const memory = await pal.listen({ source: { name: audio }, ...sound })
      for (const item of questions) {
        heard.push({ memory, item })
        if (heard.length === TOGETHER) await answerHeard()
      }
    }
    if (heard.length > 0) await answerHeard()
  } finally {
    await pal.close()
  }
  return { answers, unreadable }
}

/** Rank 0 opens the model first: what it fetches and converts is there for the others. Nothing if the signal comes meanwhile. */
function open(
  load: () => Promise<Pal>,
  { folder, ranks = solitary, signal }: EvalOptions,
): Promise<Pal | undefined> {
  return rankZeroFirst(ranks, async () => {
    try {
      return await load()
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined
      if (ranks.rank === 0) await letGo(folder)
      throw error
    }
  })
}

/** Saved answers, scored again as the scorer is now, and saved so. @throws PalError for a folder in which another process asks */
export function rescore(folder: string, vocabulary: AnswerVocabulary): Promise<readonly Sample[]> {
  return alone(folder, () => scoreAgain(folder, vocabulary), { another: '--out' })
}

async function scoreAgain(folder: string, vocabulary: AnswerVocabulary): Promise<readonly Sample[]> {
  const [known, samples] = [await readIdentity(folder), await readSamples(folder)]
  if (samples.length === 0) {
    throw new PalError('expected answers that `pal eval` has saved, got none', {
      file: join(folder, SAMPLES),
    })
  }
  const scored = samples.map((sample) => ({ ...sample, ...judge(sample, sample.answer, vocabulary) }))
  await writeSamples(folder, scored)
  if (known) await writeIdentity(folder, { ...known, scorer: SCORER_VERSION })
  return scored
}

/** What is heard of one recording's questions; nothing if it cannot be read and somebody wants to be told so. */
async function read(
  questions: readonly EvalItem[],
  onUnreadable: EvalOptions['onUnreadable'],
): Promise<Samples | undefined> {
  const { audio, samples } = questions[0] as EvalItem
  try {
    return await samples()
  } catch (error) {
    if (!onUnreadable || !(error instanceof PalError)) throw error
    onUnreadable({ audio, questions: questions.length, reason: error.message })
    return undefined
  }
}

/** Recordings in the order in which they first come, each with its questions, whoever asked them, and when. */
function inOrder(samples: readonly Sample[], items: readonly EvalItem[]): readonly Sample[] {
  const order = [...groupBy(items, ({ audio }) => audio).values()].flat()
  const place = new Map(order.map(({ id }, i) => [id, i]))
  const placeOf = ({ id }: Sample) => place.get(id) ?? order.length
  return [...samples].sort((a, b) => placeOf(a) - placeOf(b))
}
