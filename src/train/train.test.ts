import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PalError } from '../errors.js'
import { packageFolder } from '../package-folder.js'
import { ranksOfOneProcess } from '../parallel/ranks.test.helper.js'
import { openSafetensors, readTensor } from '../weights/safetensors.js'
import { loadRecipe } from './recipe/load-recipe.js'
import type { LoadedRecipe } from './recipe/recipe.js'
import type { TrainEvent, TrainOptions } from './run-options.js'
import { TINY_MODEL, writeTinyRecordings } from './tiny-run.test.helper.js'
import { train } from './train.js'
import type { StepReport } from './trainer.js'

let root: string
let recordings: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pal-train-'))
  recordings = await writeTinyRecordings()
})
after(() => rm(root, { recursive: true, force: true }))

const LABELS = "objective: labels, trained: ['encoders.general.*', 'heads.general.*']"

test('a batch that cannot be drawn ends the run with what is the matter, and the steps before it are kept', async () => {
  const loaded = await recipe(`${LABELS}, steps: 9`)
  const [{ batches }] = loaded.recipe.stages as [LoadedRecipe['recipe']['stages'][number]]
  const audios = { ...batches[0]! }.audios
  let gone = false
  Object.defineProperty(batches[0], 'audios', {
    enumerable: true,
    get() {
      if (gone) throw new PalError('expected a disk, got none')
      return audios
    },
  })
  const folder = join(root, 'gone')
  const reports: StepReport[] = []
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'step') reports.push(event.report)
    gone = reports.length === 3
  }
  await assert.rejects(run(loaded, folder, { onEvent }), {
    name: 'PalError',
    message: 'expected a disk, got none',
  })
  const { metadata } = await openSafetensors(join(folder, 'checkpoint.safetensors'))
  assert.equal(metadata.step, '4', 'the step under way was the fourth')
  assert.equal(reports.length, 4)

  gone = false
  await run(loaded, folder)
  await run(loaded, join(root, 'undisturbed'))
  assert.deepEqual(await weights(folder), await weights(join(root, 'undisturbed')))
})

test('a stage with `emaDecay` leaves the average of its weights', async () => {
  const parameter = async (name: string, ...settings: readonly string[]) => {
    await run(await recipe(`${LABELS}, steps: 1`, 'dtype=F32', ...settings), join(root, name))
    const { tensors } = await openSafetensors(join(root, name, 'model', 'model.safetensors'))
    return readTensor(tensors.get('encoders.general.encoder.patch.weight')!)
  }
  const before = await parameter('unmoved', 'stages.0.learningRate=1.0e-12')
  const after = await parameter('moved')
  const averaged = await parameter('averaged', 'stages.0.emaDecay=0.99')
  for (const [i, weight] of averaged.entries()) {
    const expected = (2 / 11) * before[i]! + (9 / 11) * after[i]!
    assert.ok(Math.abs(weight - expected) < 1e-7)
  }
  assert.ok(after.some((weight, i) => Math.abs(weight - before[i]!) > 1e-4))
})

test('two do not train in one folder at once', async () => {
  const folder = join(root, 'both')
  const loaded = await recipe(`${LABELS}, steps: 3`)
  const both = await Promise.allSettled([run(loaded, folder), run(loaded, folder)])
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  assert.equal(refused.length, 1)
  assert.match(refused[0]!, /run\.lock: expected .* nobody works in/)
  assert.deepEqual(
    (await losses(folder)).map(([step]) => step),
    [1, 2, 3],
  )
  assert.ok(!existsSync(join(folder, 'run.lock')))
})

test('a run whose recordings are not found leaves no folder, and a folder that cannot be made is told before they are read', async () => {
  const loaded = await recipe(`${LABELS}, steps: 1`)
  const data = { ...loaded.recipe.data, root: join(root, 'nowhere') }
  const lost = { ...loaded, recipe: { ...loaded.recipe, data } }
  const runs = join(root, 'runs')
  await assert.rejects(run(lost, join(runs, 'alone')), /esc10\.csv: expected a CSV file, got no such file/)
  const both = ranksOfOneProcess(2).map((ranks) => run(lost, join(runs, 'both'), { ranks }))
  for (const { status } of await Promise.allSettled(both)) assert.equal(status, 'rejected')
  assert.ok(!existsSync(runs))

  await writeFile(runs, '')
  await assert.rejects(run(lost, join(runs, 'alone')), { code: 'ENOTDIR' })
})

test('a run goes on with the recordings and manifests that it was started with, and no others', async () => {
  const [data, folder] = [join(root, 'data'), join(root, 'same')]
  await cp(recordings, data, { recursive: true })
  const manifest = join(data, 'mine.jsonl')
  const messages = [
    { role: 'user', content: '<audio>What is it?' },
    { role: 'assistant', content: 'Rain.' },
  ]
  await writeFile(manifest, JSON.stringify({ messages, audios: ['esc10/0-1-0.wav'] }))
  const from = (place: string) =>
    recipe(`${LABELS}, steps: 4`, `data.root=${place}`, `sources.mine={ kind: manifest, path: ${manifest} }`)
  await stopped(await from(data), folder)

  const clips = join(data, 'esc10.csv')
  for (const [file, before, now] of [
    [clips, /.*-1\.wav.*\n/, ''],
    [clips, 'rain,1', 'rooster,1'],
    [clips, 'rain,1', 'rain,4'],
    [manifest, 'Rain.', 'Rooster.'],
  ] as const) {
    const text = await readFile(file, 'utf8')
    assert.notEqual(text.replace(before, now), text)
    await writeFile(file, text.replace(before, now))
    await assert.rejects(
      run(await from(data), folder),
      /the recordings and manifests that this run was started with, got others\n.*--restart/,
    )
    await writeFile(file, text)
  }

  const moved = join(root, 'moved')
  await cp(data, moved, { recursive: true })
  assert.equal(await run(await from(moved), folder), true)
})

test('batches longer than a window begin no run, but one that was begun with them goes on', async () => {
  const [folder, newer] = [join(root, 'older'), join(root, 'newer')]
  const long = await recipe(`${LABELS}, steps: 2`, 'stages.0.batches.0.seconds=20')
  await assert.rejects(
    run(long, newer),
    /stages\.0\.batches\.0\.seconds: expected at most 10\.24 s, .*got 20 s/,
  )
  const older = await recipe(`${LABELS}, steps: 2`)
  const [batch] = older.recipe.stages[0]!.batches
  // Its checkpoint says that its batches were as long.
  Object.defineProperty(batch, 'toJSON', { value: () => ({ ...batch, seconds: 20 }) })
  await stopped(older, folder)
  assert.equal(await run(long, folder), true)
})

test('an encoder that a stage does not train changes nothing of what it learns', async () => {
  const [general] = (await recipe(`${LABELS}, steps: 1`)).recipe.model.encoders
  const both = JSON.stringify([{ ...general, name: 'speech' }, general])
  const stage = `${LABELS}, steps: 3, specAugment: { timeMasks: 2, maxSeconds: 0.2, bandMasks: 2, maxBins: 10 }`
  const [one, two] = [join(root, 'one'), join(root, 'two')]
  await run(await recipe(stage, 'model.integration={ kind: lal }'), one)
  await run(await recipe(stage, 'model.integration={ kind: lal }', `model.encoders=${both}`), two)
  assert.deepEqual(await losses(two), await losses(one))
})

test('a stage that would learn nothing is not begun', async () => {
  await assert.rejects(
    run(await recipe("trained: ['encoder.*'], steps: 2"), join(root, 'typo')),
    /stages\.0\.trained: expected patterns that fit parameters of the model, got "encoder\.\*"/,
  )
})

test('a stage of epochs hears each recording so often, and goes on as if it had not been stopped', async () => {
  const loaded = await recipe(`${LABELS}, epochs: 2`, 'sources.clips.sets=[digits]')
  const [whole, twice] = [join(root, 'epochs'), join(root, 'epochs-stopped')]
  const told: TrainEvent[] = []
  await run(loaded, whole, { onEvent: (event) => told.push(event) })
  const parameters = told.find(({ kind }) => kind === 'parameters')
  assert.ok(parameters?.kind === 'parameters')
  assert.deepEqual(
    parameters.stages.map(({ steps, epochs }) => [steps, epochs]),
    [[6, 2]],
  )
  await stopped(loaded, twice)
  await run(loaded, twice)
  assert.equal((await losses(whole)).length, 6)
  assert.deepEqual(await losses(twice), await losses(whole))
  assert.deepEqual(await weights(twice), await weights(whole))
})

test('what a run inherits, overrides and trains is told once, also when it goes on, and kept with the model', async () => {
  const { ears, loaded } = await startingFrom(
    'ears',
    'encoders.general.encoder.*',
    'sources.clips.augment={ tilt: { probability: 0.5 } }',
  )
  const folder = join(root, 'told')
  const told: TrainEvent[] = []
  const tell = (event: TrainEvent) => event.kind === 'parameters' && told.push(event)
  await stopped(loaded, folder, tell)
  await rm(ears, { recursive: true })
  await run(loaded, folder, { onEvent: tell })

  const [first, second, ...more] = told
  assert.deepEqual(more, [])
  assert.deepEqual(first, second)
  assert.ok(first?.kind === 'parameters' && first.inherited)
  assert.equal(first.inherited.start, 'pal-tiny')
  assert.deepEqual(
    first.inherited.parts.map(({ part, base, start, drawn }) => [part, base, start > 0, drawn > 0]),
    [
      ['encoder general', 0, true, false],
      ['connector of general', 0, false, true],
      ['integration', 0, false, true],
      ['language model', 0, false, true],
    ],
  )
  for (const place of [folder, join(folder, 'stages', 'only'), join(folder, 'model')]) {
    const training = JSON.parse(await readFile(join(place, 'training.json'), 'utf8'))
    assert.deepEqual(training.inherited, first.inherited)
    assert.deepEqual(training.stages, first.stages)
    assert.deepEqual(training.start, { model: 'model', parameters: ['encoders.general.encoder.*'] })
    const file = join(place, 'recipe.yaml')
    const { recipe: kept } = await loadRecipe(file, [`data.root=${recordings}`])
    assert.deepEqual(kept, { ...loaded.recipe, start: training.start })
    for (const name of [file, join(place, 'training.json')]) {
      assert.ok(!(await readFile(name, 'utf8')).includes(tmpdir()), name)
    }
  }
})

test('what a model to start from has and this one has no place for is told once', async () => {
  const { loaded } = await startingFrom('left-ears', '*', 'model.integration={ kind: plits }')
  const folder = join(root, 'left')
  const told: string[] = []
  const tell = (event: TrainEvent) => event.kind === 'warning' && told.push(event.message)
  await stopped(loaded, folder, tell)
  await run(loaded, folder, { onEvent: tell })
  assert.equal(told.length, 1)
  assert.match(told[0]!, /^weights of pal-tiny that `start\.parameters` names .*: integration \(\d+\)$/)
})

test('a run that began before it was kept what it inherits goes on without telling it, but not if that is damaged', async () => {
  const { loaded } = await startingFrom('early-ears', 'llm.*')
  const folder = join(root, 'early')
  await stopped(loaded, folder)
  const training = join(folder, 'training.json')
  const text = await readFile(training, 'utf8')
  for (const [damaged, reason] of [
    [
      text.slice(0, 200),
      /training\.json:\d+: expected what the run began with, as JSON\n.*take the file away/,
    ],
    [text.replace('"drawn"', '"down"'), /training\.json, inherited\.parts\.0\.drawn: expected .*got none/],
  ] as const) {
    await writeFile(training, damaged)
    await assert.rejects(run(loaded, folder), { name: 'PalError', message: reason })
    assert.equal(await readFile(training, 'utf8'), damaged)
  }
  await rm(training)
  const told: TrainEvent[] = []
  await run(loaded, folder, { onEvent: (event) => told.push(event) })
  const parameters = told.find(({ kind }) => kind === 'parameters')
  assert.ok(parameters?.kind === 'parameters' && !('inherited' in parameters))
})

/** recipes/pal-tiny.yaml with one stage and a small model. */
function recipe(stage: string, ...changes: readonly string[]): Promise<LoadedRecipe> {
  const batches = '[{ seconds: 2.56, audios: 2, questions: 1, mix: { clips: 1 } }]'
  return loadRecipe(join(packageFolder(), 'recipes', 'pal-tiny.yaml'), [
    ...[`data.root=${recordings}`, ...TINY_MODEL],
    `stages=[{ name: only, warmup: 1, learningRate: 0.001, batches: ${batches}, ${stage} }]`,
    ...changes,
  ])
}

async function run(
  loaded: LoadedRecipe,
  folder: string,
  options: Partial<TrainOptions> = {},
): Promise<boolean> {
  return (await train(loaded, { folder, threads: 1, ...options })).finished
}

/** A run that has done one step. */
async function stopped(
  loaded: LoadedRecipe,
  folder: string,
  tell?: (event: TrainEvent) => unknown,
): Promise<void> {
  const stop = new AbortController()
  const onEvent = (event: TrainEvent) => {
    tell?.(event)
    if (event.kind === 'step') stop.abort()
  }
  assert.equal(await run(loaded, folder, { signal: stop.signal, onEvent }), false)
}

const weights = (folder: string) => readFile(join(folder, 'model', 'model.safetensors'))

/** Step by step. */
async function losses(folder: string): Promise<readonly (readonly [number, number])[]> {
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as StepReport).map(({ step, loss }) => [step, loss])
}

/** A recipe that takes weights over from a model, and the folder of that model's run. */
async function startingFrom(name: string, parameters: string, ...changes: readonly string[]) {
  const ears = join(root, name)
  await run(await recipe(`${LABELS}, steps: 1`), ears)
  const start = `start={ model: ${join(ears, 'model')}, parameters: ['${parameters}'] }`
  return { ears, loaded: await recipe("trained: ['llm.*'], steps: 2", start, ...changes) }
}
