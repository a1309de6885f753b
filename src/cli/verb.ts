import type { Command } from 'commander'

/** What a verb shares with the program around it. */
export interface CliContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** What the program exits with when the verb is done. */
  exitCode: number
}

/** A verb's file: adds arguments, options, help and an action to the command of its name. */
export interface Verb {
  register(command: Command, context: CliContext): void
}
