import { PalError } from '../errors.js'
import type { Message } from '../text/chat.js'
import type { Dialect, Row, WrittenAudio } from './dialects/dialect.js'
import { dialects } from './dialects/index.js'
import type { WrittenMessage } from './dialects/written-message.js'
import { audioPlaceholder, isLearnt } from './message.js'
import { expectRow, mistakeAt, type Place } from './place.js'
import type { StoredAudio } from './stored-audio.js'

/** One example to learn from. Every audio has its placeholder in a user message, in the same order. */
export interface Example {
  readonly id: string
  /** The name of the dialect that the row is in. */
  readonly dialect: string
  readonly messages: readonly Message[]
  readonly audios: readonly StoredAudio[]
  readonly task?: string
  /** Other answers that are right as well. */
  readonly accept?: readonly string[]
  /** What a multiple-choice question offers, A first; the answer is one of them. */
  readonly choices?: readonly string[]
  readonly place: Place
}

/** What is known of a row besides what it says. */
export interface RowContext {
  readonly place: Place
  /** The id of a row that has none. */
  readonly id: string
  /** @default the first that detects the row */
  readonly dialect?: Dialect | undefined
  /** The audio that the row calls by this name, or that it holds. */
  readonly locate: (written: WrittenAudio) => StoredAudio
}

/**
 * The example that a row of any dialect stands for. A row with one audio may leave out its placeholder; the audio
 * then stands before the first user message.
 * @throws PalError naming the place and the key of the first mistake
 */
export function exampleOf(value: unknown, { place, id, locate, ...context }: RowContext): Example {
  const { dialect, row } = parseRow(value, place, context.dialect)
  const messages = placeAudio(row, place)
  checkTurns(messages, place)
  checkLearnt(messages, place)
  const { task, accept, choices } = row
  return {
    id: row.id ?? id,
    dialect,
    messages: messages.map(({ keys: _, ...message }) => message),
    audios: row.audios.map(locate),
    ...(task !== undefined && { task }),
    ...(accept && { accept }),
    ...(choices && { choices }),
    place,
  }
}

/** Whether a row keeps a question outside of itself, as SLAM-LLM's do: its user says nothing beside the audio. */
export const isUnasked = ({ messages }: Example): boolean => messages.some(saysNothing)

/**
 * An example whose user always says something.
 * @param question what is asked where the row says nothing
 * @throws PalError if there is none then
 */
export function asked(example: Example, question: string | undefined): Example {
  if (!isUnasked(example)) return example
  if (question === undefined) {
    throw new PalError('expected a question, got a row that has none', {
      ...mistakeAt(example.place),
      hint: 'Give one for all such rows: in a recipe as question: beside the path, to pal eval as --question.',
    })
  }
  const messages = example.messages.map((message) =>
    saysNothing(message) ? { ...message, content: message.content + question } : message,
  )
  return { ...example, messages }
}

const saysNothing = ({ role, content }: Message): boolean =>
  role === 'user' && content.replaceAll(audioPlaceholder, '').trim() === ''

function parseRow(
  value: unknown,
  place: Place,
  known?: Dialect,
): { readonly dialect: string; readonly row: Row } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const got = JSON.stringify(value)?.slice(0, 60)
    throw new PalError(`expected a JSON object, got ${got}`, mistakeAt(place))
  }
  const dialect = known ?? dialects.find((candidate) => candidate.detects(value))
  if (!dialect) {
    const keys = Object.keys(value).join(', ') || '(none)'
    throw new PalError(`expected a row in a known form, got the keys ${keys}`, {
      ...mistakeAt(place),
      hint: dialects.map(({ name, example }) => `${name}: ${example}`).join('\n'),
    })
  }
  return { dialect: dialect.name, row: expectRow(dialect.schema, value, place) }
}

/** The messages with a placeholder for every audio. */
function placeAudio({ messages, audios }: Row, place: Place): readonly WrittenMessage[] {
  const stray = messages.find(({ role, content }) => role !== 'user' && content.includes(audioPlaceholder))
  if (stray) {
    throw new PalError(
      `expected ${audioPlaceholder} in user messages only, got it from the ${stray.role}`,
      mistakeAt(place, stray.keys.content),
    )
  }
  const places = messages.reduce((sum, { content }) => sum + content.split(audioPlaceholder).length - 1, 0)
  if (places === audios.length) return messages
  if (places === 0 && audios.length === 1) {
    const first = messages.findIndex(({ role }) => role === 'user')
    return messages.map((message, i) =>
      i === first ? { ...message, content: audioPlaceholder + message.content } : message,
    )
  }
  throw new PalError(`expected as many ${audioPlaceholder} as audios, got ${places} for ${audios.length}`, {
    ...mistakeAt(place, 'audios'),
    hint: `Put one ${audioPlaceholder} into a user message for each audio.`,
  })
}

/** System first if at all, then user and assistant by turns, the assistant last. */
function checkTurns(messages: readonly WrittenMessage[], place: Place): void {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  for (const [i, { role, keys }] of turns.entries()) {
    const expected = i % 2 === 0 ? 'user' : 'assistant'
    if (role === expected) continue
    throw new PalError(
      `expected a message of the ${expected}, got one of the ${role}`,
      mistakeAt(place, keys.role),
    )
  }
  if (turns.length > 0 && turns.length % 2 === 0) return
  throw new PalError(
    'expected the assistant to have the last word, got no answer',
    mistakeAt(place, messages.at(-1)?.keys.role),
  )
}

function checkLearnt(messages: readonly Message[], place: Place): void {
  if (messages.some(isLearnt)) return
  throw new PalError('expected an answer to learn, got only answers of weight 0 or loss false', {
    ...mistakeAt(place),
    hint: 'Leave the row out: with no answer to learn or to be right, it can neither be trained on nor be asked.',
  })
}
