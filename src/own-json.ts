import { z } from 'zod'
import { expectShape } from './check-schema.js'
import { type ErrorDetails, PalError } from './errors.js'
import { readText } from './reading.js'

/** JSON that this program has written, and that a full disk, an editor or a hand may have damaged since. */

/** What the numbers of a folder depend on, by name. */
export const identitySchema = z.record(
  z.string(),
  z.union([z.string(), z.number()], 'expected text or a number'),
)

/**
 * @param what the file is, as a message calls it
 * @param hint what to do about one that is damaged or missing
 * @throws PalError naming the file, and the line or the key
 */
export async function readOwnJson<T>(
  file: string,
  schema: z.ZodType<T>,
  what: string,
  hint: string,
): Promise<T> {
  const text = await readText(file, what, hint)
  return expectShape(schema, parseOwnJson(text, what, { file, hint }), { file, hint })
}

/**
 * @param details where the text stands; of a whole file its line is found
 * @throws PalError if it is no JSON
 */
export function parseOwnJson(text: string, what: string, details: ErrorDetails): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const line = lineOf(text, (cause as Error).message)
    throw new PalError(`expected ${what}, as JSON`, {
      ...(line !== undefined && { line }),
      ...details,
      cause,
    })
  }
}

/** Where the text stops being JSON, as far as V8 says it: at a place, or where it ends, which is no line after the last. */
function lineOf(text: string, message: string): number | undefined {
  const [, place] = /at position (\d+)/.exec(message) ?? []
  if (place === undefined && !message.includes('end of JSON input')) return undefined
  const end = text.trimEnd().length
  return text.slice(0, Math.min(Number(place ?? end), end)).split('\n').length
}
