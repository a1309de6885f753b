import { PalError } from '../../errors.js'
import type { Random } from '../../random.js'
import type { Message } from '../../text/chat.js'
import { type AugmentSteps, augment, checkAugment, roomFor } from '../augment/augment.js'
import type { Example } from '../example.js'
import { audioMistake, expectNone } from '../manifests/row-mistake.js'
import { audioPlaceholder, isLearnt } from '../message.js'
import { mistakeAt, type Place, within } from '../place.js'
import { conversationOf, type Draw, type Source, type Turn } from '../source.js'
import { readListed, type StoredAudio } from '../stored-audio.js'

export interface ManifestSourceOptions {
  /** @default "manifest" */
  readonly name?: string
  /** Hz. @default 16000 */
  readonly sampleRate?: number
  /** Changes to the augmentation, `{}` for none; `false` for the audio as it is. @default false */
  readonly augment?: AugmentSteps | false | undefined
  readonly onProgress?: (done: number, total: number) => void
  /** What the decoder noticed in an audio, such as that it is cut short. */
  readonly onWarning?: (message: string) => void
  /** Tried with a few rows before any audio is read: whether the chat template lets one learn from such conversations. */
  readonly expectTeachable?: (messages: readonly Message[]) => void
}

/**
 * The rows of a manifest (see `readQuestions`), drawn evenly, each one conversation about one audio. The audio is read once, in
 * order, into memory, and is never cut, since only its author knows where in it the answer lies: of what augmentation makes
 * of it no more than the tail of a reverb.
 * @throws PalError naming the place of a row that cannot be drawn or learnt from
 */
export async function manifestSource(
  examples: readonly Example[],
  options: ManifestSourceOptions = {},
): Promise<Source> {
  const { name = 'manifest', sampleRate = 16_000, onProgress, onWarning, expectTeachable } = options
  const { augment: steps = false } = options
  checkAugment(steps, name)
  const rows = examples.map(rowOf)
  for (const { place, turn } of demanding(rows)) {
    within(mistakeAt(place), () => expectTeachable?.(conversationOf(turn)))
  }

  const listed = new Map(rows.map(({ audio, place }) => [audio.name, { audio, place }]))
  const audios = new Map<string, Float32Array>()
  for (const [file, { audio, place }] of listed) {
    const { samples, warnings } = await readListed(audio, place, sampleRate)
    audios.set(file, samples)
    for (const warning of warnings) onWarning?.(warning)
    onProgress?.(audios.size, listed.size)
  }
  const samplesOf = ({ audio }: Row) => audios.get(audio.name) as Float32Array
  const longest = rows.reduce((a, b) => (samplesOf(b).length > samplesOf(a).length ? b : a))

  function expectFit(row: Row, maxSeconds: number): void {
    const { length } = samplesOf(row)
    const room = steps ? roomFor(maxSeconds, steps) : maxSeconds
    if (length <= room * sampleRate) return
    const [most, got] = [Number(room.toFixed(3)), (length / sampleRate).toFixed(2)]
    const becoming = steps ? `, for augmentation to make no more than ${maxSeconds} s of it` : ''
    throw new PalError(`expected at most ${most} s of audio${becoming}, got ${got} s`, {
      ...mistakeAt(row.place, 'audios'),
      hint: 'Audio of a manifest is never cut: allow more seconds or leave the row out.',
    })
  }

  function drawRow(row: Row, random: Random, maxSeconds: number): Draw {
    expectFit(row, maxSeconds)
    const samples = samplesOf(row)
    if (!steps) return { samples, turns: [row.turn], recurs: true }
    const { samples: changed, applied } = augment(samples, random, { sampleRate, steps })
    const part = changed.subarray(0, Math.floor(maxSeconds * sampleRate))
    return { samples: part, turns: [row.turn], augmented: [applied] }
  }

  const drawWithin = (random: Random, maxSeconds: number) => drawRow(random.pick(rows), random, maxSeconds)

  return {
    ...{ name, sampleRate, drawWithin },
    check: (maxSeconds) => expectFit(longest, maxSeconds),
    examples: (maxSeconds) => ({
      size: rows.length,
      at: (index, random) => drawRow(rows[index] as Row, random, maxSeconds),
    }),
    draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY),
  }
}

interface Row {
  readonly place: Place
  readonly audio: StoredAudio
  readonly turn: Turn
}

/**
 * What a chat template may refuse or rewrite: the first row with something before its question, the first with an earlier answer,
 * and the first with one that is learnt as well.
 */
function demanding(rows: readonly Row[]): ReadonlySet<Row> {
  const first = (asks: (before: readonly Message[]) => boolean) =>
    rows.find(({ turn: { before } }) => before !== undefined && asks(before))
  const found = [
    first(() => true),
    first((before) => before.some(({ role }) => role === 'assistant')),
    first((before) => before.some(isLearnt)),
  ]
  return new Set(found.filter((row) => row !== undefined))
}

function rowOf(example: Example): Row {
  const { messages, audios, task = 'manifest', place } = example
  expectNone(audioMistake(example), place)
  const [audio] = audios as [StoredAudio]
  // What follows the last answer that is learnt changes nothing of what is learnt.
  const end = messages.findLastIndex(isLearnt) + 1
  const said = messages.slice(0, end).map((message) => ({
    ...message,
    content: message.content.replace(audioPlaceholder, '').trim(),
  }))
  const [question, answer] = said.splice(-2) as [Message, Message]
  const before = said.length > 0 && { before: said }
  return { place, audio, turn: { ...before, question: question.content, answer: answer.content, task } }
}
