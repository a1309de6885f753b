import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describeMachine } from '../bench/machine.js'
import { PalError } from '../errors.js'
import { packageFolder } from '../package-folder.js'
import { drawnSets } from '../train/data-identity.js'
import { readMetrics } from '../train/metrics.js'
import { lastTrained } from '../train/origin.js'
import type { Recipe, Stage } from '../train/recipe/recipe.js'
import type { TrainEvent } from '../train/run-options.js'
import type { StepReport } from '../train/trainer.js'
import { type PlannedRun, settingNamed } from './plan.js'
import { keepCost, type RunCost, readCost } from './run-cost.js'

/** The recipe that runs are of: its file, and the changes that all of them share. */
export interface ComparedRecipe {
  readonly file: string
  readonly changes: readonly string[]
  readonly loaded: Recipe
  /** Of what all of them draw from, as a hash: see `listedIdentity`. It is read when it is first asked for. */
  readonly data: () => Promise<string>
}

/**
 * Trains one run in a process of its own, so that its peak memory is its own.
 * @returns what that cost; nothing if the signal came; that it failed, if training had begun: how one setting or seed learns says nothing
 *   about the others
 * @throws PalError where it failed before, by what is likely to be the matter with all runs, or was stopped by somebody
 */
export async function trainRun(
  run: PlannedRun,
  folder: string,
  recipe: ComparedRecipe,
  signal: AbortSignal,
): Promise<RunCost | 'failed' | undefined> {
  const own = join(folder, run.folder)
  const { steps: share = 1, ...listening } = settingNamed(run.integration, recipe.loaded)
  // With what `--llm` and `--encoder` put into their places: not every setting has every encoder.
  const { encoders, llm } = recipe.loaded.model
  const changes = [
    ...recipe.changes,
    `seed=${run.seed}`,
    `output=${own}`,
    ...Object.entries({ encoders, llm, ...listening }).map(
      ([part, value]) => `model.${part}=${JSON.stringify(value)}`,
    ),
    ...stepChanges(recipe.loaded.stages, share),
  ]
  const trainedOn = await recipe.data()
  const machine = await describeMachine() // Before the training, which is a load itself.
  const measured = await spawnTraining([recipe.file, ...changes, '--json'], own, signal)
  if (!measured || measured === 'failed') return measured
  const steps = answeringSteps(await readMetrics(own), recipe.loaded.stages)
  const cost: RunCost = {
    stepMilliseconds: median(steps.map(({ milliseconds }) => milliseconds)),
    recordingsPerSecond: (1000 * total(steps, 'audios')) / total(steps, 'milliseconds'),
    ...measured,
    trainedParameters: await lastTrained(join(own, 'model')),
    machine,
    date: new Date().toISOString().slice(0, 10),
    trainedWith: identityOf(run, recipe),
    trainedOn,
  }
  await keepCost(own, cost)
  return cost
}

/**
 * What a run cost that is finished and need not be trained again, or nothing.
 * @throws PalError for one that was trained by another recipe, or on other data
 */
export async function finishedRun(
  run: PlannedRun,
  folder: string,
  recipe: ComparedRecipe,
): Promise<RunCost | undefined> {
  const own = join(folder, run.folder)
  const cost = await readCost(own)
  if (cost === undefined) return undefined
  const isOlder = cost.trainedOn === undefined
  if (isOlder || cost.trainedWith !== identityOf(run, recipe)) {
    const older = isOlder ? ' One of before runs kept what they were trained on counts as another.' : ''
    throw new PalError('expected a run of this recipe, got one of another', {
      file: own,
      hint: `Give the comparison another folder with --out.${older}`,
    })
  }
  if (cost.trainedOn === (await recipe.data())) return cost
  throw new PalError(
    'expected a run that was trained on the data that lies there now, got one of other data',
    {
      file: own,
      hint: 'Recordings, labels, groups or rows of manifests have changed. Put them back, or give the comparison another folder with --out.',
    },
  )
}

/**
 * Of all that the settings of a run say, as a hash. Where its data lies, and what the others of the comparison are, changes nothing
 * for it.
 */
export function identityOf(run: PlannedRun, { loaded }: ComparedRecipe): string {
  const { compare: _, ...settings } = loaded
  const data = { sets: drawnSets(loaded.data.sets) }
  const sources = Object.entries(loaded.sources).map(([name, source]) => {
    return [name, source.kind === 'manifest' ? { ...source, path: undefined } : source]
  })
  const { steps: share = 1, ...listening } = settingNamed(run.integration, loaded)
  return createHash('sha256')
    .update(JSON.stringify({ ...settings, data, sources, ...run, listening, ...(share !== 1 && { share }) }))
    .digest('hex')
}

/** So many times the steps, or epochs, of the stages that answer, or of all where none does: those whose cost is compared. */
export function stepChanges(
  stages: readonly Pick<Stage, 'steps' | 'epochs' | 'objective'>[],
  share: number,
): readonly string[] {
  if (share === 1) return []
  const answering = stages.some(({ objective }) => objective === 'answers')
  return stages.flatMap(({ steps, epochs = 0, objective }, i) => {
    if (answering && objective !== 'answers') return []
    return steps === undefined
      ? [`stages.${i}.epochs=${epochs * share}`]
      : [`stages.${i}.steps=${Math.max(1, Math.round(steps * share))}`]
  })
}

/**
 * The steps that answer questions, or all of a run without such: what a stage without the language model costs does not
 * tell integrations apart.
 */
export function answeringSteps(
  steps: readonly StepReport[],
  stages: readonly Pick<Stage, 'name' | 'objective'>[],
): readonly StepReport[] {
  const names = stages.filter(({ objective }) => objective === 'answers').map(({ name }) => name)
  return names.length > 0 ? steps.filter(({ stage }) => names.includes(stage)) : steps
}

/** Runs `pal train` and tells what it says of itself; nothing if it was interrupted, and that it failed once it had begun. */
async function spawnTraining(
  args: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<Pick<RunCost, 'peakMemoryMiB' | 'resumed'> | 'failed' | undefined> {
  if (signal.aborted) return undefined
  const child = spawn(process.execPath, [join(packageFolder(), 'bin', 'pal.js'), 'train', ...args], {
    // The channel tells it, too, if this process is killed.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const stop = () => child.kill('SIGINT')
  signal.addEventListener('abort', stop)
  let rest = ''
  let begun = false
  let resumed = false
  let peakMemoryMiB = 0
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      const event = JSON.parse(line) as TrainEvent
      if (event.kind === 'parameters') begun = true
      if (event.kind === 'resumed') resumed = true
      if (event.kind === 'saved') peakMemoryMiB = event.peakMemoryMiB
    }
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, killed) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve({ peakMemoryMiB, ...(resumed && { resumed }) })
      // Until it listens for a SIGINT, one ends it at once.
      else if (signal.aborted && (killed === null || killed === 'SIGINT')) resolve(undefined)
      // A process that is out of memory is killed so.
      else if (begun && (code === 1 || killed === 'SIGKILL')) resolve('failed')
      else {
        reject(
          new PalError(`expected pal train to finish, got ${killed ?? `exit code ${code}`}`, {
            file: folder,
            hint: 'What it said is above. The same command goes on from here.',
          }),
        )
      }
    })
  })
}

function total(steps: readonly StepReport[], key: 'audios' | 'milliseconds'): number {
  return steps.reduce((sum, step) => sum + step[key], 0)
}

/** Of an even number the mean of the two in the middle, which `quantile` may round otherwise in the last digit. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
