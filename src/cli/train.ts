import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Ranks, rankZeroFirst } from '../parallel/ranks.js'
import { expectNobody } from '../run-lock.js'
import type { LoadedRecipe, Stage } from '../train/recipe/recipe.js'
import type { TrainEvent } from '../train/run-options.js'
import { type BaseFlags, chosenBases, wholeNumber, withBases } from './options.js'
import { parameterTable } from './parameter-table.js'
import { converting, duration, ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

interface TrainCliOptions extends BaseFlags {
  readonly restart?: true
  readonly provider?: string
  readonly threads?: number
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  withBases(command)
    .argument('<recipe>', 'a YAML file, such as recipes/pal-tiny.yaml')
    .argument('[changes...]', 'settings to change, as key=value, such as stages.0.steps=100')
    .option('--restart', 'start over; the run that there is moves aside')
    .option('--provider <name>', "ONNX Runtime's execution provider (default: cpu)")
    .option('--threads <count>', 'threads of one operation (default: all cores)', wholeNumber(1))
    .option('--json', 'events as JSON lines on standard output')
    .addHelpText(
      'after',
      `
The run is kept in runs/<name of the recipe>, or where output=… says. Ctrl-C stops it after the step under way;
the same command goes on from there, also after a kill.

Examples:
  pal train recipes/pal-tiny.yaml data.root=path/to/recordings
  pal train recipes/smollm2-pal.yaml data.root=path/to/recordings --llm SmolLM2-135M-Instruct.Q4_1.gguf`,
    )
    .action(async (file: string, changes: readonly string[], options: TrainCliOptions) => {
      const { loadRecipe } = await import('../train/recipe/load-recipe.js')
      const { train } = await import('../train/train.js')
      const loaded = await loadRecipe(file, changes, chosenBases(options))
      const folder = runFolder(loaded)
      const { ranks } = context
      const isFirst = ranks.rank === 0
      if (options.restart) await rankZeroFirst(ranks, async () => isFirst && moveAside(folder))
      const show = options.json ? showJson : () => showText(loaded, folder, ranks)
      const threads = options.threads ?? ranks.threads
      const { finished, model } = await train(loaded, {
        folder,
        ranks,
        signal: context.signal,
        ...(isFirst && { onEvent: show() }),
        ...(options.provider && { provider: options.provider }),
        ...(threads && { threads }),
      })
      if (!isFirst) return
      if (finished && !options.json) process.stdout.write(`${model}\n`)
      if (!finished) process.stderr.write('Stopped and saved. The same command goes on from here.\n')
    })
}

/** Where a recipe's run is kept. */
export function runFolder({ recipe }: LoadedRecipe): string {
  return resolve(recipe.output ?? join('runs', recipe.name))
}

/** Nothing is deleted: an earlier run, if it is not under way, is renamed to the first free number. */
async function moveAside(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  await expectNobody(folder)
  let number = 1
  while (existsSync(`${folder}.${number}`)) number++
  await rename(folder, `${folder}.${number}`)
  process.stderr.write(`The run that was there is now ${folder}.${number}\n`)
}

function showJson(): (event: TrainEvent) => void {
  return (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
}

function showText(
  { recipe, overrides }: LoadedRecipe,
  folder: string,
  ranks: Ranks,
): (event: TrainEvent) => void {
  const line = new ProgressLine()
  const say = (text: string) => {
    line.end()
    process.stderr.write(`${text}\n`)
  }
  say(`Recipe ${recipe.name}, seed ${recipe.seed}, in ${folder}`)
  if (ranks.size > 1) say(`  by ${ranks.size} ranks: ${ranks.size} × accumulate micro-batches a step`)
  for (const { key, before, after } of overrides)
    say(`  ${key}: ${JSON.stringify(before) ?? 'not set'} → ${JSON.stringify(after)}`)
  const pace = new Pace()
  return (event) => {
    switch (event.kind) {
      case 'converting':
        return line.show(converting(event.done, event.total))
      case 'base':
        return say(`  ${event.part}: ${event.name} (${event.sha256.slice(0, 12)})`)
      case 'decoding':
        return line.show(`decoding ${event.set} ${event.done}/${event.total}`)
      case 'resumed':
        return say(
          event.finished
            ? 'This run is finished already: nothing is left to train'
            : `Going on after step ${event.step} of stage ${event.stage}`,
        )
      case 'parameters':
        return say(
          [
            ...recipe.stages.map((stage, i) => stageLine(stage, event.stages[i]?.steps)),
            TABLE_HEAD,
            ...parameterTable(event).map((row) => `  ${row}`),
          ].join('\n'),
        )
      case 'features':
        return say(`  What frozen encoders make of audio that comes again is kept in ${event.file}`)
      case 'featuresUsed':
        return say(featuresLine(event))
      case 'warning':
        return say(`pal: warning: ${event.message}`)
      case 'saved':
        return say(`Saved ${event.folder}`)
      case 'step':
        return line.show(pace.line(event))
    }
  }
}

function stageLine({ name, epochs, objective, hears, trained }: Stage, steps = 0): string {
  const often = epochs === undefined ? '' : ` (${epochs} epochs)`
  return `  stage ${name}: ${steps} steps${often} on ${objective}, hears ${hears}, trains ${trained.join(' ')}`
}

const TABLE_HEAD = 'Parameters: where they come from │ how many of them each stage trains'

/** What the progress line says: averages over the last steps, so that the numbers can be read. */
class Pace {
  #loss: number | undefined
  #stepSeconds: number | undefined
  #audios = 0
  #seconds = 0

  line({ report, stepsDone, stepsTotal }: Extract<TrainEvent, { kind: 'step' }>): string {
    this.#loss = smooth(this.#loss, report.loss)
    this.#stepSeconds = smooth(this.#stepSeconds, report.milliseconds / 1000)
    this.#audios = smooth(this.#audios || undefined, report.audios)
    this.#seconds = smooth(this.#seconds || undefined, report.seconds)
    const each = this.#stepSeconds
    return [
      `${report.stage} ${stepsDone}/${stepsTotal}`,
      `loss ${this.#loss.toFixed(3)}`,
      `${(this.#audios / each).toFixed(0)} recordings/s`,
      `${(this.#seconds / each).toFixed(0)} s of audio/s`,
      `${duration(each * (stepsTotal - stepsDone))} left`,
      `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
    ].join(' · ')
  }
}

function smooth(sofar: number | undefined, value: number): number {
  return sofar === undefined ? value : 0.95 * sofar + 0.05 * value
}

function featuresLine({ stage, found, computed }: Extract<TrainEvent, { kind: 'featuresUsed' }>): string {
  return `Stage ${stage} found ${count(found)} of ${count(found + computed)} encoder outputs, and computed the rest`
}

function count(outputs: number): string {
  return outputs.toLocaleString('en')
}
