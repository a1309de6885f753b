import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { PalError } from '../errors.js'
import type { Row } from './dialects/dialect.js'
import { dialects } from './dialects/index.js'

/** Where an audio stands in a message. */
export const audioPlaceholder = '<audio>'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** One example of a manifest. Every audio has its placeholder in a user message, in the same order. */
export interface Example {
  /** The row's id, or its line number. */
  readonly id: string
  readonly messages: readonly Message[]
  /** Absolute paths. */
  readonly audios: readonly string[]
  readonly task?: string
  /** Other answers that are right as well. */
  readonly accept?: readonly string[]
  /** What a multiple-choice question offers, A first; the answer is one of them. */
  readonly choices?: readonly string[]
  readonly line: number
}

/**
 * The examples of a manifest: JSON lines, one example each, audio paths relative to the manifest. A row with
 * one audio may leave out its placeholder; the audio then stands before the first user message.
 * @throws PalError naming file, line and key of the first mistake.
 */
export async function readManifest(path: string): Promise<Example[]> {
  const file = resolve(path)
  const lines = (await readText(file)).split(/\r?\n/)
  const examples = lines.flatMap((text, i) => (text.trim() ? [readRow(text, file, i + 1)] : []))
  if (examples.length === 0) throw new PalError('expected at least one row, got an empty manifest', { file })
  return examples
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '')
  } catch (cause) {
    throw new PalError('expected a manifest that can be read', { file, cause })
  }
}

function readRow(text: string, file: string, line: number): Example {
  const row = parseRow(parseJson(text, file, line), file, line)
  const messages = placeAudio(row, file, line)
  checkTurns(messages, file, line)
  const { id, task, accept, choices } = row
  return {
    id: id ?? String(line),
    messages,
    audios: row.audios.map((audio) => resolve(dirname(file), audio)),
    ...(task !== undefined && { task }),
    ...(accept && { accept }),
    ...(choices && { choices }),
    line,
  }
}

function parseJson(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected one JSON object on the line: ${(cause as Error).message}`, {
      file,
      line,
      cause,
    })
  }
}

function parseRow(value: unknown, file: string, line: number): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PalError(`expected a JSON object, got ${JSON.stringify(value)?.slice(0, 60)}`, { file, line })
  }
  const dialect = dialects.find((candidate) => candidate.detects(value))
  if (!dialect) {
    throw new PalError(
      `expected a row in a known form, got the keys ${Object.keys(value).join(', ') || '(none)'}`,
      {
        file,
        line,
        hint: dialects.map(({ name, example }) => `${name}: ${example}`).join('\n'),
      },
    )
  }
  const parsed = dialect.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new PalError(issue?.message ?? 'expected a valid row', {
    file,
    line,
    key: issue?.path.join('.') ?? '',
  })
}

/** The messages with a placeholder for every audio. */
function placeAudio({ messages, audios }: Row, file: string, line: number): readonly Message[] {
  const stray = messages.findIndex(
    ({ role, content }) => role !== 'user' && content.includes(audioPlaceholder),
  )
  if (stray >= 0) {
    throw new PalError(
      `expected ${audioPlaceholder} in user messages only, got it from the ${messages[stray]?.role}`,
      {
        file,
        line,
        key: `messages.${stray}.content`,
      },
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
    file,
    line,
    key: 'audios',
    hint: `Put one ${audioPlaceholder} into a user message for each audio.`,
  })
}

/** System first if at all, then user and assistant by turns, the assistant last. */
function checkTurns(messages: readonly Message[], file: string, line: number): void {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  const skipped = messages.length - turns.length
  for (const [i, { role }] of turns.entries()) {
    const expected = i % 2 === 0 ? 'user' : 'assistant'
    if (role === expected) continue
    throw new PalError(`expected a message of the ${expected}, got one of the ${role}`, {
      file,
      line,
      key: `messages.${i + skipped}.role`,
    })
  }
  if (turns.length > 0 && turns.length % 2 === 0) return
  throw new PalError('expected the assistant to have the last word, got no answer', {
    file,
    line,
    key: 'messages',
  })
}
