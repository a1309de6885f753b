import { type ErrorDetails, PalError } from '../../errors.js'
import { readText } from './read-text.js'

/** One of a file's rows, and where it stands, for messages. */
export interface JsonRow {
  readonly value: unknown
  readonly place: ErrorDetails
}

/** The rows of a JSON list, or of JSON lines, whatever the file is called. @throws PalError if it is neither */
export async function readJsonRows(file: string): Promise<readonly JsonRow[]> {
  const text = await readText(file)
  if (/^\s*\[/.test(text)) {
    const list = parseJson(text, { file }) as readonly unknown[]
    return list.map((value, i) => ({ value, place: { file: `${file}, question ${i + 1}` } }))
  }
  return text.split(/\r?\n/).flatMap((line, i) => {
    const place = { file, line: i + 1 }
    return line.trim() === '' ? [] : { value: parseJson(line, place), place }
  })
}

/** @throws PalError naming the place, if the text is no JSON */
export function parseJson(text: string, place: ErrorDetails): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected JSON: ${(cause as Error).message}`, { ...place, cause })
  }
}
