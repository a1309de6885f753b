import { readdir } from 'node:fs/promises'
import { PalError } from '../../errors.js'

/** The paths of all that is below a folder, relative to it. @throws PalError if there is no such folder */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder, { recursive: true })
  } catch (cause) {
    throw new PalError('expected a folder that can be read', { file: folder, cause })
  }
}
