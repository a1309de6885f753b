import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import { writeAtomically } from '../weights/write-atomically.js'
import type { Unreadable } from './run.js'

/**
 * Lists the recordings that could not be read beside the answers.
 * @param answered how many questions have an answer
 * @returns the list's file, or nothing where all could be read
 * @throws PalError if nothing could be read at all: then the path is wrong, not the model
 */
export async function keepUnreadable(
  unreadable: readonly Unreadable[],
  answered: number,
  folder: string,
): Promise<string | undefined> {
  const file = join(folder, 'unreadable.jsonl')
  const [first] = unreadable
  if (!first) {
    await rm(file, { force: true }) // A run before may have missed what is there now.
    return undefined
  }
  if (answered === 0) throw new PalError(`expected recordings that can be read, got none: ${first.reason}`)
  await writeAtomically(file, unreadable.map((recording) => `${JSON.stringify(recording)}\n`).join(''))
  return file
}
