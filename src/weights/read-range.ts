import { type FileHandle, open } from 'node:fs/promises'
import { PalError } from '../errors.js'
import { unreadable } from '../reading.js'

/**
 * Opens a file for as long as `use` takes.
 * @param kind of file, for messages: "a safetensors file"
 * @throws PalError for what cannot be read or is not a file
 */
export async function withFile<T>(
  path: string,
  kind: string,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw unreadable(kind, path, cause)
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) {
      const got = found.isDirectory() ? 'a folder' : 'something that is no file'
      throw new PalError(`expected ${kind}, got ${got}`, { file: path })
    }
    return await use(file)
  } finally {
    await file.close()
  }
}

/**
 * Bytes in a buffer of their own, so that they can be seen as numbers of any width.
 * @throws PalError where the file ends before
 */
export async function readRange(
  file: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    // One read can take no more than 2 GiB.
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done)
    if (bytesRead === 0) {
      throw new PalError(`expected ${length} bytes at byte ${offset}, got ${done}`, {
        file: path,
        hint: 'The file has become shorter since it was opened.',
      })
    }
    done += bytesRead
  }
  return bytes
}
