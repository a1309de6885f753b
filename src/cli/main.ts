import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { PalError } from '../errors.js'
import { packageFolder } from '../package-folder.js'
import { launchOf } from '../parallel/launch.js'
import { type Ranks, solitary } from '../parallel/ranks.js'
import { INTERRUPTED, MISTAKE, report } from './report.js'
import type { CliContext, Verb } from './verb.js'

interface VerbEntry {
  readonly summary: string
  readonly load: () => Promise<Verb>
  /** Whether the processes of an `mpirun` share its work. */
  readonly shared?: true
  /** Whether a Ctrl-C finds something to save or to clear away, for which the process waits. */
  readonly saves?: true
}

/** Every verb there is: a new one is one new file and one entry here. */
const verbs: Readonly<Record<string, VerbEntry>> = {
  ask: { summary: 'ask a question about audio', load: () => import('./ask.js') },
  train: {
    summary: 'train a model from a recipe',
    load: () => import('./train.js'),
    shared: true,
    saves: true,
  },
  eval: {
    summary: 'ask a model about recordings that it has not heard',
    load: () => import('./eval.js'),
    shared: true,
    saves: true,
  },
  compare: {
    summary: 'train and ask several integrations alike',
    load: () => import('./compare.js'),
    saves: true,
  },
  data: { summary: 'check and show what is trained on', load: () => import('./data.js') },
  pull: {
    summary: 'fetch a model from the hub, or name one of this machine',
    load: () => import('./pull.js'),
    saves: true,
  },
  quantize: {
    summary: 'round the weights of a model to 4 or 8 bits',
    load: () => import('./quantize.js'),
    saves: true,
  },
  bench: {
    summary: 'measure what listening costs on this machine',
    load: () => import('./bench.js'),
    saves: true,
  },
  doctor: { summary: 'check that everything works on this machine', load: () => import('./doctor.js') },
}

/** How long a verb without anything to save has, after a Ctrl-C, to end what can be ended, in milliseconds. */
const GRACE = 250

/**
 * So soon after the first, in milliseconds, another SIGINT is the same Ctrl-C: a terminal tells it to the training that
 * `pal compare` has started, and `pal compare` passes it on. Later it is a second one, which ends the process at once.
 */
const SAME = 1000

/**
 * The command line. Results go to standard output, everything else to standard error.
 * @param argv without the program's name
 * @returns the exit code: 0 all well, 1 a mistake that the user can mend, 2 wrong usage, 130 stopped by Ctrl-C
 */
export async function main(argv: readonly string[]): Promise<number> {
  const interruption = new AbortController()
  let interruptedAt = Number.NaN
  const interrupt = () => {
    if (Date.now() - interruptedAt > SAME) endAtOnce()
    else if (!interruption.signal.aborted) {
      interruptedAt = Date.now()
      interruption.abort()
    }
  }
  const endAtOnce = () => {
    process.off('SIGINT', interrupt) // So that the process ends as it would if nobody listened: a shell reports it as 130.
    process.kill(process.pid, 'SIGINT')
  }
  process.on('SIGINT', interrupt)
  // Of a training that `pal compare` has started and left, as when it is killed: nobody waits for it, and it would hold its folder.
  const orphaned = () => interruption.abort()
  process.once('disconnect', orphaned)
  process.channel?.unref()
  ;[isSaving, isUntold] = [false, false]
  // For good: a write tells that the pipe is closed when all else may be done.
  if (!process.stdout.listeners('error').includes(resultUntold)) process.stdout.on('error', resultUntold)
  if (!process.stderr.listeners('error').includes(nothing)) process.stderr.on('error', nothing)
  const context: CliContext = { signal: interruption.signal, ranks: solitary, exitCode: 0 }
  let underWay: Command | undefined
  try {
    const program = await programFor(argv, context)
    program.hook('preAction', async (_, command) => {
      underWay = command
      const verb = verbOf(command, program)
      isSaving = verbs[verb]?.saves === true
      // Standard input, a decoder or a program that is being compiled cannot be stopped.
      const endSoon = () => setTimeout(endAtOnce, GRACE).unref()
      if (!verbs[verb]?.saves) interruption.signal.addEventListener('abort', endSoon)
      context.ranks = await ranksFor(verb)
      // How mpirun passes on a Ctrl-C.
      if (context.ranks.size > 1) process.on('SIGTERM', interrupt)
    })
    await program.parseAsync(argv, { from: 'user' })
    await context.ranks.close()
    if (interruption.signal.aborted) return INTERRUPTED
    return isUntold ? MISTAKE : context.exitCode
  } catch (error) {
    const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? 0)
    // Most mistakes are all ranks': the first one tells it and ends the job, before the others say the same.
    if (rank > 0) await delay(1000)
    const code = report(error, rank > 0 ? `pal, rank ${rank}` : 'pal', interruption.signal, underWay)
    context.ranks.abort(code)
    return code
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    process.off('disconnect', orphaned)
  }
}

/** All verbs by name and summary; only the one that is asked for is loaded, so that starting is quick. */
async function programFor(argv: readonly string[], context: CliContext): Promise<Command> {
  const program = new Command('pal')
    .description('Ears for language models: ask about audio, train and compare.')
    .version(version(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('Run with --help for what there is.')
    .addHelpText('after', "\nExample:\n  pal ask recording.wav 'What do you hear?'")
  const wanted = argv[0] === 'help' ? argv[1] : argv[0]
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    const command = program.command(name).description(summary)
    if (name === wanted) (await load()).register(command, context)
  }
  // Commander shows the help of all where it knows no such command.
  const isVerb =
    wanted === undefined || wanted.startsWith('-') || ['help', ...Object.keys(verbs)].includes(wanted)
  if (argv[0] === 'help' && !isVerb) program.error(`error: unknown command '${wanted}'`)
  return program
}

/** What stands first on the command line: of `pal bench train`, bench. */
function verbOf(command: Command, program: Command): string {
  return command.parent === null || command.parent === program
    ? command.name()
    : verbOf(command.parent, program)
}

/** @throws PalError if several processes would do the same thing instead of sharing it */
async function ranksFor(verb: string): Promise<Ranks> {
  const launch = launchOf()
  if (!launch) return solitary
  if (!verbs[verb]?.shared) {
    const able = Object.keys(verbs).filter((name) => verbs[name]?.shared)
    throw new PalError(`expected ${able.join(' or ')} under mpirun, got ${verb}`, {
      hint: 'Start it as one process, without mpirun.',
    })
  }
  const { openRanks } = await import('../parallel/open-ranks.js')
  return openRanks(launch)
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string })
    .version
}

/** Whether what is under way saves what it does. */
let isSaving = false
/** Whether results could not be written. */
let isUntold = false

/**
 * `pal … | head` closes the pipe when it has enough, which is no error, and ends what it was for. A training is for what it saves, and goes
 * on.
 */
function resultUntold(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' && isSaving) return
  if (error.code === 'EPIPE') process.exit(0)
  const reason = /^\w+: (.*), write$/.exec(error.message)?.[1] ?? error.message
  if (!isUntold) process.stderr.write(`pal: standard output: cannot be written (${reason})\n`)
  isUntold = true
  process.exitCode = MISTAKE
  if (!isSaving) process.exit()
}

/** Progress and warnings that nobody can read, such as after a Ctrl-C that has ended `tee`, too. */
function nothing(): void {}
