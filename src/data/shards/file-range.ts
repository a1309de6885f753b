import { PalError } from '../../errors.js'
import { readRange, withFile } from '../../weights/read-range.js'

/** These bytes of a shard. It is opened for each reading: of thousands none stays open. @throws PalError as `readRange` does */
export function readPart(file: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  return withFile(file, 'a shard', (handle) => readRange(handle, file, start, length))
}

/** @param needed @param has bytes */
export function cutShort(file: string, needed: number, has: number): PalError {
  return new PalError(`expected at least ${needed} bytes, got ${has}: the file is cut short`, {
    file,
    hint: 'Download or copy it again.',
  })
}
