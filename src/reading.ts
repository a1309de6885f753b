import { readFile } from 'node:fs/promises'
import { PalError } from './errors.js'
import { utf8 } from './utf8.js'

/**
 * The whole text of a file.
 * @param kind of file, for messages: "a recipe"
 * @param hint what to do where there is no such file
 * @throws PalError saying why it cannot be read, and for a line that is not UTF-8
 */
export async function readText(file: string, kind: string, hint?: string): Promise<string> {
  try {
    return utf8(await readFile(file), file)
  } catch (cause) {
    throw asUnreadable(kind, file, cause, hint)
  }
}

/** The same of a file that may be missing: then undefined. */
export async function readTextIfAny(file: string, kind: string): Promise<string | undefined> {
  try {
    return utf8(await readFile(file), file)
  } catch (cause) {
    if (isNoSuchFile(cause)) return undefined
    throw asUnreadable(kind, file, cause)
  }
}

/**
 * The mistake of a file, or folder, that cannot be read: what was expected, and why there is none.
 * @param kind of file that was expected: "a recipe"
 * @param cause what the file system answered
 * @param hint what to do where there is no such file
 */
export function unreadable(kind: string, file: string, cause: unknown, hint?: string): PalError {
  const reason = reasonOf(cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  return new PalError(
    reason === undefined ? `expected ${kind} that can be read: ${message}` : `expected ${kind}, ${reason}`,
    { file, cause, ...(hint !== undefined && isNoSuchFile(cause) && { hint }) },
  )
}

/** The same of what may be told already. */
function asUnreadable(kind: string, file: string, cause: unknown, hint?: string): PalError {
  return cause instanceof PalError ? cause : unreadable(kind, file, cause, hint)
}

/** Whether an error says something of the file that was to be read, rather than of whoever reads or of the machine. */
export function isRefusal(error: unknown): boolean {
  return reasonOf(error) !== undefined
}

/** Whether an error says that there is no such file. */
export function isNoSuchFile(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'
}

function reasonOf(cause: unknown): string | undefined {
  const { code = '', syscall } = (cause ?? {}) as NodeJS.ErrnoException
  return (syscall === 'scandir' && FOLDER_REASONS[code]) || REASONS[code]
}

const DENIED = 'but there is no permission to read it'

/** What follows "expected a recipe, ", by what the file system answers. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'got no such file',
  EISDIR: 'got a folder',
  ENOTDIR: 'but a part of this path is a file, not a folder',
  EACCES: DENIED,
  EPERM: DENIED,
  ELOOP: 'got links that lead to one another',
  ENAMETOOLONG: 'got a name that is too long for a file',
}

/** The same where a folder was to be listed. */
const FOLDER_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'got no such folder',
  ENOTDIR: 'got a file',
}
