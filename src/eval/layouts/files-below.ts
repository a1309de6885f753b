import { readdir } from 'node:fs/promises'
import { unreadable } from '../../reading.js'

/** The paths of all that is below a folder, relative to it. @throws PalError if there is no such folder */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder, { recursive: true })
  } catch (cause) {
    // Also of a folder within it that may not be listed.
    const { path = folder } = cause as NodeJS.ErrnoException
    throw unreadable('a folder', path, cause)
  }
}
