import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { PalError } from '../errors.js'

/**
 * The innermost folder that holds all files, or none if there are no files: the runtime is given one folder, and maps
 * only what lies in it.
 * @throws PalError for files on different drives
 */
export function commonFolder(files: Iterable<string>): string | undefined {
  const [first, ...others] = new Set([...files].map((file) => dirname(resolve(file))))
  return others.reduce<string | undefined>((folder, other) => folder && folderOfBoth(folder, other), first)
}

function folderOfBoth(one: string, other: string): string {
  let folder = one
  while (!holds(folder, other)) {
    if (dirname(folder) === folder) {
      throw new PalError(`expected all weights on one drive, got ${one} and ${other}`, {
        hint: 'Move one of the models. PAL_CACHE says where converted weights are kept.',
      })
    }
    folder = dirname(folder)
  }
  return folder
}

function holds(folder: string, inner: string): boolean {
  const path = relative(folder, inner)
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}
