import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnswerVocabulary } from '../data/questions/task.js'
import { findModel } from '../hub/find-model.js'
import { TOKENIZER_FILES } from '../model/stored/model-folder.js'
import type { Bits } from '../weights/blocks.js'
import type { Protocol } from './answer-items.js'
import { type ItemOptions, QUESTIONS_VERSION } from './items.js'
import { QUESTIONS_RATE } from './rate.js'
import { SCORER_VERSION } from './score.js'

/** What a run's answers depend on; a folder is not gone on with when it differs. */
export type EvalIdentity = Readonly<Record<string, string | number>>

/** What questions follow from, whichever model they are asked. */
export interface Asked extends Required<Omit<ItemOptions, 'heard'>> {
  /** What was named to ask about: a recipe and its changes, a manifest, shards, or a data set. */
  readonly asked: readonly string[]
  /** As they were named. @default 'all' */
  readonly tasks?: string
  /** @default 0, for all */
  readonly limit?: number
}

export interface Answering {
  /** As it was named; none for the one that ships. */
  readonly model: string | undefined
  /** What it was rounded to when it was opened. @default as it is */
  readonly bits?: Bits | undefined
  /** Hz that it hears at. */
  readonly sampleRate: number
  readonly vocabulary: AnswerVocabulary
  readonly protocol: Protocol
  readonly nll: boolean
}

export async function identityOf(
  asked: Asked,
  { model, bits, sampleRate, vocabulary, protocol, nll }: Answering,
): Promise<EvalIdentity> {
  return {
    ...questionsIdentity(asked),
    model: model ?? 'default',
    ...(await modelIdentity(model)),
    ...(bits && { bits }),
    ...rateIdentity(sampleRate),
    labels: labelsIdentity(vocabulary),
    // Folders of before these could be chosen do not have them.
    ...(protocol !== 'generation' && { protocol }),
    ...(nll && { nll: 'asked' }),
    scorer: SCORER_VERSION,
  }
}

/** The part of it that is not about the model. */
export function questionsIdentity({
  asked,
  seed,
  scenes,
  wordings,
  tasks = 'all',
  limit = 0,
}: Asked): EvalIdentity {
  return {
    ...{ asked: asked.join(' '), seed, scenes, wordings, tasks, limit },
    questions: QUESTIONS_VERSION,
  }
}

/** A setting as it is told: nobody gives a limit of 0, which is none, and of a hash enough tells it from others. */
export function settingSaid(key: string, value: string | number | undefined): string {
  if (value === undefined || (key === 'limit' && value === 0)) return 'none'
  const text = String(value)
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text
}

/** What it says of the labels that answers are read for. */
export function labelsIdentity(vocabulary: AnswerVocabulary): string {
  return hashOf(JSON.stringify(vocabulary))
}

/**
 * What it says of the rate, in Hz, that the model hears at: nothing at the usual one. Other models once heard everything
 * at the wrong speed, and their answers of then are not gone on with.
 */
export function rateIdentity(sampleRate: number): EvalIdentity {
  return sampleRate === QUESTIONS_RATE ? {} : { sampleRate }
}

/**
 * Tells a model from the one that was at the same place before. What it is built on is named in its configuration, by
 * fingerprint.
 */
async function modelIdentity(model: string | undefined): Promise<EvalIdentity> {
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
