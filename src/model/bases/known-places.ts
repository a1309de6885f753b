import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cacheFolder } from '../../cache-folder.js'
import { writeAtomically } from '../../weights/write-atomically.js'
import { isOfFileSystem } from '../../weights/writing.js'
import type { CopyOptions } from '../checkpoints/float32-copy.js'

/**
 * Remembers where a pretrained model lies on this machine, by its fingerprint: a model that is trained on it names it
 * without saying where it is, so that it can be given away, and still finds it here. Where nothing can be written, nothing is
 * remembered: the model that asks for it is open all the same.
 */
export async function rememberPlace(sha256: string, path: string, options: CopyOptions = {}): Promise<void> {
  const note = noteOf(sha256, options)
  if ((await placeOf(sha256, options)) === resolve(path)) return
  try {
    await mkdir(dirname(note), { recursive: true })
    await writeAtomically(note, resolve(path))
  } catch (error) {
    if (!isOfFileSystem(error)) throw error
  }
}

/** Where a model of this fingerprint was seen last. */
export function placeOf(sha256: string, options: CopyOptions = {}): Promise<string | undefined> {
  return readFile(noteOf(sha256, options), 'utf8').catch(() => undefined)
}

function noteOf(sha256: string, { cache = cacheFolder() }: CopyOptions): string {
  return join(cache, 'places', sha256)
}
