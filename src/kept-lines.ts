import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { expectShape } from './check-schema.js'
import { parseOwnJson } from './own-json.js'
import { writeAtomically } from './weights/write-atomically.js'

/** What the lines of a file are, for messages about one that is damaged. */
export interface LineKind {
  /** What is needed of one. It may say more, and is given back as it is. */
  readonly schema: z.ZodType
  /** As in "expected a question and its answer". */
  readonly what: string
  /** What becomes of what a line that is removed said, as in "its question is asked again". */
  readonly lost: string
}

/**
 * What was kept in a file, a line of JSON for each. A last line that was cut by a kill, or is being written, is left out, and the file
 * left alone: somebody else may be writing it.
 * @throws PalError naming the first line that is anything else
 */
export async function readKeptLines<T>(path: string, kind: LineKind): Promise<readonly T[]> {
  return (await readNumberedLines<T>(path, kind)).map(({ value }) => value)
}

/** What a line says, and its number, from 1. */
export interface NumberedLine<T> {
  readonly line: number
  readonly value: T
}

/** The same for who says something about the lines. */
export async function readNumberedLines<T>(
  path: string,
  { schema, what, lost }: LineKind,
): Promise<readonly NumberedLine<T>[]> {
  if (!existsSync(path)) return []
  return wholeLines(await readFile(path, 'utf8'))
    .split('\n')
    .flatMap((text, i) => {
      if (text === '') return []
      const details = { file: path, line: i + 1, hint: `Remove this line: ${lost}.` }
      const value = parseOwnJson(text, what, details)
      expectShape(schema, value, details)
      return [{ line: i + 1, value: value as T }]
    })
}

const wholeLines = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1)

/** Cuts off what `readKeptLines` leaves out, before more is kept: the next line would be part of it. */
export async function mendKeptLines(path: string): Promise<void> {
  if (!existsSync(path)) return
  const text = await readFile(path, 'utf8')
  const whole = wholeLines(text)
  if (whole.length < text.length) await writeAtomically(path, whole)
}

/** Keeps more of them, as soon as they are there. What a kill may have left is mended before: see `mendKeptLines`. */
export async function keepLines(path: string, values: readonly unknown[]): Promise<void> {
  await appendFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
