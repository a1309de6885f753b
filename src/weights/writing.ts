import { type ErrorDetails, PalError } from '../errors.js'

/**
 * Does what writes files. What the file system has against it becomes a mistake that a user can mend: a full disk, a folder that is none
 * or is not theirs.
 * @param what is written, for the message
 */
export async function writing<T>(
  what: string,
  details: Required<Pick<ErrorDetails, 'file' | 'hint'>>,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    if (!isOfFileSystem(cause)) throw cause
    throw new PalError(`expected to write ${what}: ${cause.message}`, { ...details, cause })
  }
}

/** Is an error one that the operating system has answered with? */
export function isOfFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error
}
