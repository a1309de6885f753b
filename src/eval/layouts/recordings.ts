import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { filesBelow } from './files-below.js'

/** The recordings below a folder, whatever subfolders they are in and whichever of the formats below. */
export interface Recordings {
  /**
   * The path of a recording that has one of these names, without extension. Where there is none, a path at which
   * nothing is: whoever reads it says that the recording is missing.
   * @throws PalError if there are several
   */
  find(names: readonly string[]): string
}

/** @throws PalError if there is no such folder */
export async function recordingsBelow(folder: string): Promise<Recordings> {
  const byName = new Map<string, string[]>()
  for (const path of await filesBelow(folder)) {
    const [, name] = /([^/\\]+)\.(?:wav|flac|mp3|ogg|opus|m4a|aac|au)$/i.exec(path) ?? []
    if (name === undefined) continue
    byName.set(name, [...(byName.get(name) ?? []), join(folder, path)])
  }
  return {
    find(names) {
      const found = names.flatMap((name) => byName.get(name) ?? [])
      if (found.length > 1) {
        throw new PalError(`expected one recording of "${names[0]}", got ${found.join(' and ')}`, {
          file: folder,
          hint: 'Keep one of them below this folder.',
        })
      }
      return found[0] ?? join(folder, `${names[0]}.wav`)
    },
  }
}
