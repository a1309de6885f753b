import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type BenchConfiguration,
  CHECKPOINTING,
  ENCODERS,
  type EncoderSize,
  INTEGRATIONS,
} from '../bench/configuration.js'
import { PalError } from '../errors.js'
import { LLAMA_SIZES, type LlamaConfig } from '../llm/config.js'
import { wholeNumber } from './options.js'
import { duration, ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

type Task = BenchConfiguration['task']

interface BenchFlags {
  readonly integrations: BenchConfiguration['integration'][]
  readonly audioTokens: readonly number[]
  readonly textTokens: readonly number[]
  readonly batch: readonly number[]
  readonly questions?: readonly number[]
  readonly llm: readonly string[]
  readonly bits: BenchConfiguration['bits'][]
  readonly checkpointing?: readonly (keyof typeof CHECKPOINTING)[]
  readonly prepacking: 'on' | 'off' | 'both'
  readonly newTokens?: number
  readonly encoder?: readonly EncoderSize[]
  readonly provider: readonly string[]
  readonly threads: number
  readonly rounds: number
  readonly steps: number
  readonly out?: string
  readonly weights: string
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  const train = command.command('train').description('training steps of the connector, by integration')
  const infer = command
    .command('infer')
    .description('answers: time to the first token, and of each further one')
  for (const [task, verb] of [
    ['train', train],
    ['infer', infer],
  ] as const) {
    addOptions(verb, task).action((flags: BenchFlags) => bench(task, flags, context))
  }
  command.addHelpText(
    'after',
    `
Each configuration has a fresh process in every round, and they take turns; finished turns are kept in --out, so the
same command goes on where an interrupted one stopped, more rounds add to them, and what failed is tried again. After
a change of the code, the machine or --steps another --out is needed. Sizes have random weights, made once.

Examples:
  pal bench train --audio-tokens 64,256,512
  pal bench train --audio-tokens 512 --bits 32,8,4
  pal bench train --audio-tokens 512 --questions 1,4
  pal bench infer --audio-tokens 500,1500 --bits 4,8,32 --text-tokens 16`,
  )
}

function addOptions(command: Command, task: Task): Command {
  const training = task === 'train'
  command
    .option('--integrations <names>', 'plits, lal, pal, flamingo', listOf(oneOf(INTEGRATIONS)), [
      'plits',
      'lal',
    ])
    .option(
      '--audio-tokens <counts>',
      'separated by commas',
      listOf(wholeNumber(1)),
      training ? [64, 256, 512] : [500],
    )
    .option(
      '--text-tokens <counts>',
      training ? 'of each question, that are learnt' : 'of the prompt',
      listOf(wholeNumber(1)),
      training ? [64] : [16],
    )
    .option(
      '--batch <counts>',
      training ? 'audios of a step' : 'answers that are generated together',
      listOf(wholeNumber(1)),
      training ? [4] : [1],
    )
    .option(
      '--llm <models>',
      `sizes with random weights (${SIZES}), or folders or GGUF files of language models`,
      listOf(String),
      ['smollm2-135m'],
    )
    .option(
      '--bits <counts>',
      training
        ? 'of each weight of the frozen language model: 4, 8, 32; below 32 it stays in blocks'
        : 'of each weight: 4, 8, 32',
      listOf(oneOf([4, 8, 32])),
      [32],
    )
    .option('--provider <names>', 'execution providers', listOf(String), ['cpu'])
    .option('--threads <count>', 'threads', wholeNumber(1), availableParallelism())
    .option('--rounds <count>', 'turns of each configuration', wholeNumber(1), 5)
    .option('--steps <count>', 'that are measured in each turn, after one to warm up', wholeNumber(1), 2)
    .addOption(
      new Option('--prepacking <which>', 'a second, blocked copy of float32 weights')
        .choices(['on', 'off', 'both'])
        .default(training ? 'off' : 'on'),
    )
    .option('--out <folder>', `where results are kept (default: runs/bench-${task})`)
    .option('--weights <folder>', 'where random weights are kept', join(tmpdir(), 'pal-bench-weights'))
    .option('--json', 'print the report as JSON')
  if (training) {
    return command
      .option('--questions <counts>', 'about each audio', listOf(wholeNumber(1)), [1])
      .option(
        '--checkpointing <which>',
        'what is computed again for the gradient: off: nothing; gates: the gates of FFNs; selective: the weights of attention too; on: whole layers',
        listOf(oneOf(Object.keys(CHECKPOINTING) as (keyof typeof CHECKPOINTING)[])),
        ['off'],
      )
  }
  return command
    .option('--new-tokens <count>', 'of an answer after its first', wholeNumber(1), 32)
    .addOption(
      new Option(
        '--encoder [sizes]',
        "hear the audio's seconds, too, with an encoder of this size: vit-base, whisper-tiny",
      )
        .argParser(listOf(oneOf(Object.keys(ENCODERS) as EncoderSize[])))
        .preset('vit-base'),
    )
}

async function bench(task: Task, flags: BenchFlags, context: CliContext): Promise<void> {
  const { combinations } = await import('../bench/configuration.js')
  const { measure } = await import('../bench/measure.js')
  const { reportOn } = await import('../bench/report.js')
  const { describeComputer } = await import('../bench/machine.js')
  const { identityOf } = await import('../bench/identity.js')
  const { writeReport } = await import('../bench/write-report.js')
  const { markdown } = await import('../bench/markdown.js')
  const { sizes, fingerprints } = await modelsOf(flags.llm)
  const configurations = combinations({
    task: [task],
    llm: flags.llm,
    provider: flags.provider,
    threads: [flags.threads],
    textTokens: flags.textTokens,
    batch: flags.batch,
    questions: flags.questions ?? [1],
    bits: flags.bits,
    checkpointing: (flags.checkpointing ?? ['off']).map((which) => CHECKPOINTING[which]),
    prepacking: switches(flags.prepacking),
    newTokens: [flags.newTokens ?? 0],
    encoder: flags.encoder ?? [false],
    audioTokens: flags.audioTokens,
    integration: flags.integrations,
  })

  const { signal } = context
  const machine = describeComputer()
  const folder = flags.out ?? join('runs', `bench-${task}`)
  const line = new ProgressLine()
  const start = performance.now()
  const measured = await measure(configurations, {
    ...{ folder, weights: flags.weights, rounds: flags.rounds, steps: flags.steps, warmUp: 1, signal },
    identity: () => identityOf(machine, fingerprints),
    onProgress: (done, total, name) =>
      line.show(`${done}/${total} after ${duration((performance.now() - start) / 1000)}: ${name}`),
  })
  line.end()
  if (signal.aborted) process.stderr.write('Interrupted; the same command goes on from here.\n')
  // Before anything is measured there is nothing to report, nor a date to report it of.
  if (measured.visits.length === 0 && measured.failures.length === 0) return
  const report = reportOn(measured, { machine, command: commandLine(), sizes })
  const files = await writeReport(report, folder)
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${markdown(report)}\n`)
  process.stderr.write(`Written: ${files.join(', ')}\n`)
  if (report.results.length === 0) context.exitCode = 1
  else if (!files.some((file) => file.endsWith('.png'))) {
    process.stderr.write('No PNG: this machine has no fonts to draw text with.\n')
  }
}

const SIZES = Object.keys(LLAMA_SIZES).join(', ')

/** What each language model is, and, for those that lie in files, which one. */
async function modelsOf(models: readonly string[]) {
  const { isSize } = await import('../bench/configuration.js')
  const { openLanguageModel } = await import('../model/checkpoints/open-language-model.js')
  const sizes = new Map<string, LlamaConfig>()
  const fingerprints = new Map<string, string>()
  for (const llm of models) {
    if (isSize(llm)) {
      sizes.set(llm, LLAMA_SIZES[llm])
      continue
    }
    if (!existsSync(llm)) {
      throw new PalError(`expected a size (${SIZES}), or a folder or GGUF file that is there, got "${llm}"`, {
        key: '--llm',
      })
    }
    const { config, sha256 } = await openLanguageModel(llm)
    sizes.set(llm, config)
    fingerprints.set(llm, sha256)
  }
  return { sizes, fingerprints }
}

function commandLine(): string {
  return ['pal', ...process.argv.slice(2)].join(' ')
}

function switches(which: 'on' | 'off' | 'both'): readonly boolean[] {
  return which === 'both' ? [false, true] : [which === 'on']
}

/** Several values, separated by commas. */
function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map(parse)
}

function oneOf<T extends string | number>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => String(choice) === text)
    if (found !== undefined) return found
    throw new InvalidArgumentError(`Expected one of ${choices.join(', ')}.`)
  }
}
