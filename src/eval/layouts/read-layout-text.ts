import { readText } from '../../reading.js'

/** @throws PalError if there is no such file */
export function readLayoutText(file: string): Promise<string> {
  return readText(file, 'a file of this layout')
}
