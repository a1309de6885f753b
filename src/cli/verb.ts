import type { Command } from 'commander'
import type { Ranks } from '../parallel/ranks.js'

/** What a verb shares with the program around it. */
export interface CliContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** The processes that do this together, under `mpirun`; else this one alone. Known once the arguments are read. */
  ranks: Ranks
  /** What the program exits with when the verb is done. */
  exitCode: number
}

/** A verb's file: adds arguments, options, help and an action to the command of its name. */
export interface Verb {
  register(command: Command, context: CliContext): void
}
