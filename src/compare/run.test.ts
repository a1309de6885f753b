import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { packageFolder } from '../package-folder.js'
import { listedIdentity } from '../train/data-identity.js'
import { loadRecipe } from '../train/recipe/load-recipe.js'
import { onlyDigits, TINY_CHANGES, writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import type { StepReport } from '../train/trainer.js'
import { planRuns } from './plan.js'
import { answeringSteps, type ComparedRecipe, finishedRun, identityOf, stepChanges, trainRun } from './run.js'
import { keepCost } from './run-cost.js'

const compared = async (file: string, changes: readonly string[]): Promise<ComparedRecipe> => {
  const loaded = await loadRecipe(file, changes)
  return { file, changes, loaded: loaded.recipe, data: () => listedIdentity(loaded) }
}

test('a run that a Ctrl-C stops is saved and goes on, and its cost says so', async () => {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const short = [1, 2, 3, 4, 5].flatMap((stage) => [`stages.${stage}.steps=1`, onlyDigits(stage)])
  const changes = [...TINY_CHANGES, ...short, `data.root=${await writeTinyRecordings()}`]
  const recipe = await compared(file, changes)
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const [run] = planRuns(['lal'], [1])
  const asked = ['--integrations', 'lal', '--seeds', '1', '--out', folder]
  const argv = [join(packageFolder(), 'bin', 'pal.js'), 'compare', file, ...changes, ...asked]
  const comparing = spawn(process.execPath, argv, { detached: true, stdio: 'ignore' })
  const ended = once(comparing, 'close')
  while (!existsSync(join(folder, run!.folder, 'metrics.jsonl'))) await setTimeout(20)
  // As a terminal does it: to the command and to the training that it has started.
  process.kill(-comparing.pid!, 'SIGINT')
  assert.deepEqual(await ended, [130, null])
  assert.ok(existsSync(join(folder, run!.folder, 'checkpoint.safetensors')))
  assert.equal(await finishedRun(run!, folder, recipe), undefined)

  const cost = await trainRun(run!, folder, recipe, new AbortController().signal)
  assert.ok(cost && cost !== 'failed')
  assert.equal(cost.resumed, true)
  assert.ok(cost.trainedParameters > 0 && cost.peakMemoryMiB > 0)
  assert.equal((await finishedRun(run!, folder, recipe))?.resumed, true)
})

test('a Ctrl-C before the training listens for it stops it all the same, whenever it comes', async () => {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const changes = [...TINY_CHANGES, `data.root=${await writeTinyRecordings()}`]
  const recipe = await compared(file, changes)
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const [run] = planRuns(['lal'], [1])
  // While it is seen how busy the machine is; when the process has just begun.
  for (const milliseconds of [0, 330]) {
    const interruption = new AbortController()
    const training = trainRun(run!, folder, recipe, interruption.signal)
    await setTimeout(milliseconds)
    interruption.abort()
    assert.equal(await training, undefined)
  }
})

test('a finished run is that of the same data wherever it lies, and of no other', async () => {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const root = await writeTinyRecordings()
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const [run] = planRuns(['lal'], [1])
  const at = (place: string) => compared(file, [...TINY_CHANGES, `data.root=${place}`])
  const cost = { stepMilliseconds: 1, recordingsPerSecond: 1, peakMemoryMiB: 1, trainedParameters: 1 }
  const recipe = await at(root)
  const identity = { trainedWith: identityOf(run!, recipe), trainedOn: await recipe.data() }
  await mkdir(join(folder, run!.folder))
  await keepCost(join(folder, run!.folder), { ...cost, ...identity })

  const moved = join(await mkdtemp(join(tmpdir(), 'pal-moved-')), 'recordings')
  await cp(root, moved, { recursive: true })
  assert.deepEqual(await finishedRun(run!, folder, await at(moved)), { ...cost, ...identity })
  const list = join(moved, 'digits.csv')
  await writeFile(list, (await readFile(list, 'utf8')).replace('.wav,0,', '.wav,2,'))
  await assert.rejects(
    finishedRun(run!, folder, await at(moved)),
    /lal-seed1: expected a run that was trained on the data .*, got one of other data\n.*--out/,
  )
  await keepCost(join(folder, run!.folder), { ...cost, trainedWith: identity.trainedWith })
  await assert.rejects(finishedRun(run!, folder, recipe), /got one of another\n.*before runs kept what/)
})

test('what is compared is what steps cost that answer questions, if there are such', () => {
  const steps = ['words', 'words', 'answers'].map((stage) => ({ stage }) as StepReport)
  const words = { name: 'words', objective: 'words' } as const
  assert.deepEqual(answeringSteps(steps, [words, { name: 'answers', objective: 'answers' }]), [steps[2]])
  assert.deepEqual(answeringSteps(steps.slice(0, 2), [words]), steps.slice(0, 2))
})

test('a setting with more or fewer steps makes them where questions are answered', () => {
  const stages = [
    { steps: 150, objective: 'words' },
    { steps: 120, objective: 'answers' },
  ] as const
  assert.deepEqual(stepChanges(stages, 1.27), ['stages.1.steps=152'])
  assert.deepEqual(stepChanges(stages.slice(0, 1), 1.27), ['stages.0.steps=191'])
  assert.deepEqual(stepChanges(stages, 1), [])
  assert.deepEqual(stepChanges([{ epochs: 2, objective: 'answers' }], 1.5), ['stages.0.epochs=3'])
})
