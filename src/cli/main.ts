import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { PalError } from '../errors.js'
import { packageFolder } from '../model/package-folder.js'
import type { CliContext, Verb } from './verb.js'

/** Every verb there is: a new one is one new file and one entry here. */
const verbs: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Verb> }>> = {
  ask: { summary: 'ask a question about audio', load: () => import('./ask.js') },
  train: { summary: 'train a model from a recipe', load: () => import('./train.js') },
  eval: { summary: 'ask a model about recordings that it has not heard', load: () => import('./eval.js') },
  compare: { summary: 'train and ask several integrations alike', load: () => import('./compare.js') },
  data: { summary: 'check and show what is trained on', load: () => import('./data.js') },
  pull: {
    summary: 'fetch a model from the hub, or name one of this machine',
    load: () => import('./pull.js'),
  },
  quantize: { summary: 'round the weights of a model to 4 or 8 bits', load: () => import('./quantize.js') },
  bench: { summary: 'measure what listening costs on this machine', load: () => import('./bench.js') },
  doctor: { summary: 'check that everything works on this machine', load: () => import('./doctor.js') },
}

/** Exit codes, for scripts. */
const MISTAKE = 1
const USAGE = 2
const INTERRUPTED = 130

/**
 * The command line. Results go to standard output, everything else to standard error.
 * @param argv without the program's name
 * @returns the exit code: 0 all well, 1 a mistake that the user can mend, 2 wrong usage, 130 stopped by Ctrl-C
 */
export async function main(argv: readonly string[]): Promise<number> {
  const interruption = new AbortController()
  // Once: a second Ctrl-C ends the process at once, as if nobody listened.
  const interrupt = () => interruption.abort()
  process.once('SIGINT', interrupt)
  process.stdout.on('error', stopAtClosedPipe)
  try {
    const context: CliContext = { signal: interruption.signal, exitCode: 0 }
    const program = await programFor(argv, context)
    await program.parseAsync(argv, { from: 'user' })
    return interruption.signal.aborted ? INTERRUPTED : context.exitCode
  } catch (error) {
    return interruption.signal.aborted ? INTERRUPTED : report(error)
  } finally {
    process.off('SIGINT', interrupt)
    process.stdout.off('error', stopAtClosedPipe)
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
  return program
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string })
    .version
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE // It has said why.
  if (error instanceof PalError) {
    process.stderr.write(`pal: ${error.message}\n`)
    return MISTAKE
  }
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`pal: this is a fault of pal-audio, please report it:\n${stack}\n`)
  return MISTAKE
}

/** `pal … | head` closes the pipe when it has enough, which is no error. */
function stopAtClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}
