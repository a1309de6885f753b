import { open } from 'node:fs/promises'
import { PalError } from '../../errors.js'

/** The most that one call of the operating system is asked for. */
const STEP = 1 << 30

/**
 * Exactly these bytes of a file. It is opened for each reading: of thousands of shards none stays open.
 * @throws PalError if the file cannot be read or ends before
 */
export async function readRange(
  file: string,
  start: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  const handle = await open(file).catch((cause: unknown) => {
    throw new PalError('expected a file that can be read', { file, cause })
  })
  try {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(STEP, length - done), start + done)
      if (bytesRead === 0) throw cutShort(file, start + length, start + done)
      done += bytesRead
    }
    return bytes
  } finally {
    await handle.close()
  }
}

/** @param needed @param has bytes */
export function cutShort(file: string, needed: number, has: number): PalError {
  return new PalError(`expected at least ${needed} bytes, got ${has}: the file is cut short`, {
    file,
    hint: 'Download or copy it again.',
  })
}
