import { type ChildProcess, spawn } from 'node:child_process'
import { PalError } from '../../errors.js'

export interface ProgramOptions {
  /** The option that the program comes from, for messages. */
  readonly key: string
  /** Ends the program and all that it has started. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a line of the shell to its end.
 * @param input what it reads on standard input
 * @returns what it writes to standard output, and the end of what it says on standard error
 * @throws PalError, with what it said, if it does not end with 0; the signal's reason, if that came
 */
export async function runProgram(
  command: string,
  input: string,
  { key, signal }: ProgramOptions,
): Promise<{ readonly output: string; readonly said: string }> {
  signal?.throwIfAborted()
  // A group of its own, so that it is ended together with what the shell has started.
  const child = spawn(command, { shell: true, detached: process.platform !== 'win32' })
  const stop = () => end(child)
  signal?.addEventListener('abort', stop)
  let [output, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID)
  })
  // One that ends before it has read all says why by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  try {
    const got = await new Promise<string | undefined>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, killed) => resolve(code === 0 ? undefined : (killed ?? `exit code ${code}`)))
    })
    signal?.throwIfAborted()
    said = said.trim()
    if (got === undefined) return { output, said }
    throw new PalError(`expected the program to finish, got ${got}: ${command}`, {
      key,
      hint: said === '' ? 'It said nothing on standard error.' : `It said:\n${said}`,
    })
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Characters of what a program says that are shown where it fails. */
const MOST_SAID = 4000

function end(child: ChildProcess): void {
  if (process.platform === 'win32' || child.pid === undefined) child.kill()
  else {
    try {
      process.kill(-child.pid)
    } catch {} // It has just ended.
  }
}
