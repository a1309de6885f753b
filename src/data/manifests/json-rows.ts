import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { PalError } from '../../errors.js'
import { unreadable } from '../../reading.js'
import { utf8 } from '../../utf8.js'
import { mistakeAt, type Place } from '../place.js'

/** One of a file's rows, and where it stands, for messages. */
export interface JsonRow {
  readonly value: unknown
  readonly place: Place
}

/**
 * The rows of a JSON list, or of JSON lines, whatever the file is called. Lines are read one at a time: all of them
 * together may be larger than the longest string.
 * @throws PalError if it is neither, is not in UTF-8 or cannot be read
 */
export async function readJsonRows(file: string): Promise<readonly JsonRow[]> {
  try {
    return (await isList(file)) ? await readList(file) : await readLines(file)
  } catch (cause) {
    if (cause instanceof PalError) throw cause
    throw unreadable('a file of JSON rows', file, cause)
  }
}

/** @throws PalError naming the place, if the text is no JSON */
export function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected JSON: ${(cause as Error).message}`, { ...mistakeAt(place), cause })
  }
}

/** By the first character that is no white space; so much of it does not stand before any list. */
async function isList(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096))
    return withoutMark(buffer.toString('utf8', 0, bytesRead))
      .trimStart()
      .startsWith('[')
  } finally {
    await handle.close()
  }
}

async function readList(file: string): Promise<readonly JsonRow[]> {
  const list = parseJson(withoutMark(utf8(await readFile(file), file)), { file }) as readonly unknown[]
  return list.map((value, i) => ({ value, place: { file, part: `row ${i + 1}` } }))
}

async function readLines(file: string): Promise<readonly JsonRow[]> {
  const rows: JsonRow[] = []
  let line = 0
  // A byte is a character of Latin-1, so the lines' bytes can be had back and looked at.
  const input = createReadStream(file, 'latin1')
  for await (const bytes of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const place = { file, line: ++line }
    const text = utf8(Buffer.from(bytes, 'latin1'), file, line)
    const json = line === 1 ? withoutMark(text) : text
    if (json.trim() !== '') rows.push({ value: parseJson(json, place), place })
  }
  return rows
}

const withoutMark = (text: string) => text.replace(/^\uFEFF/, '')
