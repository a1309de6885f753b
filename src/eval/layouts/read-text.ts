import { readFile } from 'node:fs/promises'
import { PalError } from '../../errors.js'

/** @throws PalError if there is no such file */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new PalError('expected a file of this layout, got none', { file, cause })
  }
}
