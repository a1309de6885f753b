import { type Command, CommanderError } from 'commander'
import { PalError } from '../errors.js'
import { endProgress } from './progress.js'
import { told } from './told.js'

/** Exit codes, for scripts. */
export const MISTAKE = 1
const USAGE = 2
export const INTERRUPTED = 130

/**
 * Tells an error on standard error, unless there is nothing to tell.
 * @param signal aborted by Ctrl-C: that this ended what was under way is no news, that something went wrong meanwhile is
 * @param command that was under way, if one was
 * @returns what to exit with
 */
export function report(error: unknown, who: string, signal: AbortSignal, command?: Command): number {
  endProgress()
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE // It has said why.
  if (signal.aborted && comesOf(error, signal.reason)) return INTERRUPTED
  const mistake = error instanceof PalError ? error : fileMistake(error)
  if (mistake) {
    process.stderr.write(`${who}: ${told(mistake, command)}\n`)
    return MISTAKE
  }
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${who}: this is a fault of pal-audio, please report it:\n${stack}\n`)
  return MISTAKE
}

/** Node's own functions throw an error of theirs for a signal, and whoever reads a file may say which one it was. */
function comesOf(error: unknown, reason: unknown): boolean {
  if (error === reason) return true
  return error instanceof Error && (error.name === 'AbortError' || comesOf(error.cause, reason))
}

/** What the user can do something about, of all that a file system may answer. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['EACCES', 'EBUSY', 'EDQUOT', 'EEXIST', 'EISDIR', 'ENAMETOOLONG', 'ENOENT', 'ENOSPC'],
  ...['ENOTDIR', 'ENOTEMPTY', 'EPERM', 'EROFS'],
])

/** By system call, what cannot be done. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  ...{ open: 'opened', read: 'read', scandir: 'listed', write: 'written', copyfile: 'copied' },
  ...{ mkdir: 'made', rename: 'renamed', rm: 'removed', rmdir: 'removed', unlink: 'removed' },
}

/** The mistake that lies behind an error of the file system: a folder that may not be written to, a full disk. */
function fileMistake(error: unknown): PalError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code = '', syscall = '', path, message } = error as NodeJS.ErrnoException
  // Node says "EACCES: permission denied, open '/there'"; errors of sockets and processes read otherwise.
  if (!REFUSALS.has(code) || !message.startsWith(`${code}: `)) return undefined
  const [reason] = message.slice(code.length + 2).split(`, ${syscall}`)
  // What is written atomically has another name until it is whole; a full disk is told without any.
  const name = path?.replace(/\.[0-9a-f-]{36}\.tmp$/, '') ?? 'a file'
  return new PalError(`cannot be ${ATTEMPTS[syscall] ?? 'used'} (${reason})`, { file: name, cause: error })
}
