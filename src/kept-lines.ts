import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { writeAtomically } from './weights/write-atomically.js'

/** What was kept in a file, a line of JSON for each. A line that was cut by a kill is left out, and cut off. */
export async function readKeptLines<T>(path: string): Promise<readonly T[]> {
  if (!existsSync(path)) return []
  const text = await readFile(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await writeAtomically(path, whole)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
}

/** Keeps more of them, as soon as they are there. */
export async function keepLines(path: string, values: readonly unknown[]): Promise<void> {
  await appendFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
