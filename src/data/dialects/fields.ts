import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { WrittenAudio } from './dialect.js'

/** A key that may be missing, or be null where a table has no value. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined)

/** What our own rows may say besides what is asked, and those of any other dialect too. */
export const ownFields = {
  id: optional(z.union([z.string(), z.number().transform(String)])),
  task: optional(z.string().min(1)),
  accept: optional(z.array(z.string().min(1))),
  choices: optional(z.array(z.string().min(1)).min(2)),
}

/** Whether a key holds a list, or the JSON text of one, as some tables keep it. */
export function holdsList(row: object, key: string): boolean {
  const value = (row as Record<string, unknown>)[key]
  return Array.isArray(value) || (typeof value === 'string' && value.trimStart().startsWith('['))
}

/** Text, or a number as text. */
export const text = (schema: z.ZodString) =>
  z.preprocess((value) => (typeof value === 'number' ? String(value) : value), schema)

/** OpenAI calls the system's message the developer's. */
export const role = z
  .enum(['system', 'developer', 'user', 'assistant'])
  .transform((name) => (name === 'developer' ? 'system' : name))

/** A path, a `file:` URL or a `data:` URL. */
export const audio = z.string().min(1).transform(writtenAudio)

/** One audio, or several. */
export const audios = listOf(audio, (path) => path)

/** The bytes of a file, as base64. */
export const base64 = z.string().min(1).transform(bytesOf)

/** A list, or the text that stands for the only one in it; unlike a union's, its mistakes are told where they are. */
export function listOf<Schema extends z.ZodType>(schema: Schema, only: (text: string) => unknown) {
  return z.preprocess((value) => (typeof value === 'string' ? [only(value)] : value), z.array(schema))
}

/**
 * What a row names under one of several keys.
 * @param named by key, those that count first first
 */
export function heardIn(
  named: Readonly<Record<string, readonly WrittenAudio[] | undefined>>,
  context: z.RefinementCtx,
): readonly WrittenAudio[] {
  const [first, another] = Object.entries(named).filter(
    ([, audios]) => audios !== undefined && audios.length > 0,
  )
  if (first && another && !isDeepStrictEqual(first[1], another[1])) {
    const message = `expected the same audio as under ${first[0]}, or none`
    context.addIssue({ code: 'custom', path: [another[0]], message })
  }
  return first?.[1] ?? []
}

function writtenAudio(text: string, context: z.RefinementCtx): WrittenAudio {
  const [, data] = /^data:[^,]*;base64,(.*)$/s.exec(text) ?? []
  if (data !== undefined) return bytesOf(data, context)
  if (text.startsWith('file:')) return localPath(text, context)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) {
    return refused(context, `expected a path, got the address ${text.slice(0, 200)}: download it first`)
  }
  return text
}

function localPath(url: string, context: z.RefinementCtx): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    return refused(
      context,
      `expected the URL of a file of this machine, such as file:///a.wav: ${(cause as Error).message}`,
    )
  }
}

function bytesOf(text: string, context: z.RefinementCtx): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Node reads on over whatever is no base64; three bytes are four characters, and the padding may be left out.
  const characters = text.replace(/[\s=]/g, '').length
  if (bytes.length > 0 && bytes.length === Math.floor((characters * 3) / 4)) return bytes
  return refused(context, `expected audio as base64, got "${text.slice(0, 40)}"`)
}

function refused(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
