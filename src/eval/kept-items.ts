import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PalError } from '../errors.js'
import { groupBy } from '../group-by.js'
import type { EvalItem, KeptItem } from './items.js'
import { sameTags } from './metrics/tags.js'

/** What an answer depends on, by what it is called. */
const ASPECTS = {
  audio: 'place of the recording',
  recording: 'recording',
  history: 'message before the question',
  question: 'question',
  expected: 'right answer',
  accept: 'list of answers that are right as well',
  choices: 'list of choices',
  tags: 'list of right labels',
  task: 'task',
  scoring: 'scoring',
} as const satisfies Partial<Record<keyof KeptItem, string>>

/**
 * Answers stand for what was asked when they were given. What is asked in addition, or of a recording that could not be
 * read then, has none yet and is no reason not to go on.
 * @param file where the answers are kept
 * @throws PalError for the first one that was asked something else, of another recording or no longer
 */
export function expectSameItems(kept: readonly KeptItem[], items: readonly KeptItem[], file: string): void {
  const byId = new Map(items.map((item) => [item.id, item]))
  for (const before of kept) {
    const now = byId.get(before.id)
    if (!now) throw another('an answer to what is not asked any more', file, before.id)
    const difference = differenceOf(before, now)
    if (difference !== undefined) throw another(difference, file, before.id)
  }
}

/**
 * What an answer depends on that is another now, as "another question: … there, … here"; nothing where it stands for what is asked
 * now.
 * @param leniency by default, both are of this machine and were read at one sample rate
 */
export function differenceOf(before: KeptItem, now: KeptItem, leniency: Leniency = {}): string | undefined {
  for (const [key, name] of Object.entries(ASPECTS) as [keyof typeof ASPECTS, string][]) {
    if (isDeepStrictEqual(before[key], now[key]) || isNoReason(key, before, now, leniency)) continue
    return `another ${name}: ${json(before[key])} there, ${json(now[key])} here`
  }
  return undefined
}

export interface Leniency {
  /** Read at another sample rate, one recording has other contents. */
  readonly otherRate?: boolean
  /** On another machine, one recording lies elsewhere and its file has another time: it is known by name and size. */
  readonly otherMachine?: boolean
}

/** Whether an aspect that differs says nothing against an answer. */
function isNoReason(
  key: keyof typeof ASPECTS,
  before: KeptItem,
  now: KeptItem,
  { otherRate = false, otherMachine = false }: Leniency,
): boolean {
  if (key === 'audio') return otherMachine && basename(before.audio) === basename(now.audio)
  // Older answers do not say which recording they are about, and one that is gone says nothing against its answer.
  if (key === 'recording') {
    if (!(before.recording && now.recording)) return true
    const both = [before.recording, now.recording] as const
    if (both.every((recording) => recording.startsWith(CONTENT))) return otherRate
    const [sizeBefore, sizeNow] = both.map((recording) => /^\d+ bytes/.exec(recording)?.[0])
    return otherMachine && sizeBefore === sizeNow
  }
  // Older answers have their labels in words alone, or as these are read.
  if (key === 'tags') return !(before.tags && now.tags) || sameTags(before.tags, now.tags)
  return false
}

function another(what: string, file: string, key: string): PalError {
  return new PalError(`expected a folder for these questions and this model, got one with ${what}`, {
    ...{ file, key, hint: 'Give another folder with --out.' },
  })
}

const json = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value))

/** Tells a recording from others that may come to lie in its place; nothing of one that cannot be read. */
export type Stamp = (item: EvalItem) => Promise<string | undefined>

/** Items with what their recordings are told apart by. */
export async function stamped(items: readonly EvalItem[], stamp: Stamp): Promise<readonly EvalItem[]> {
  const stamps = new Map<string, string | undefined>()
  for (const [audio, [item]] of groupBy(items, ({ audio }) => audio)) stamps.set(audio, await stamp(item!))
  return items.map((item) => {
    const recording = stamps.get(item.audio)
    return recording === undefined ? item : { ...item, recording }
  })
}

/**
 * Size and time of the file, since there may be gigabytes of them.
 * @param shards the files that recordings lie in, if each is not a file of its own
 */
export function fileStamp(shards: readonly string[] = []): Stamp {
  return async ({ audio }) => {
    const shard = shards.find((file) => audio.startsWith(`${file}, `))
    const found = await stat(shard ?? audio).catch(() => undefined)
    return found && `${found.size} bytes of ${found.mtime.toISOString()}`
  }
}

/** The content itself, of what is in memory anyway: a decoded recording, or a scene that has no file. */
export const contentStamp: Stamp = async ({ samples }) => {
  const { buffer, byteOffset, byteLength } = (await samples()).samples
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return `${CONTENT}${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`
}

const CONTENT = 'samples '
