import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { fixture } from '../llm/reference.test.helper.js'
import { packageFolder } from '../package-folder.js'
import { loadRecipe } from './recipe/load-recipe.js'
import type { TrainEvent } from './run-options.js'
import {
  TINY_BASE_CHANGES,
  TINY_CHANGES,
  takeTokenizer,
  writeTinyEars,
  writeTinyRecordings,
} from './tiny-run.test.helper.js'
import { train } from './train.js'
import { largestDifference } from './weights.test.helper.js'

let root: string
let recordings: string
let ears: string
/** A run that found nothing kept, the cache that it left, and what a kill at its fifth step leaves behind. */
let cold: Run
let filled: string
let killed: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pal-feature-runs-'))
  process.env.HF_HOME = join(root, 'hub')
  recordings = await writeTinyRecordings()
  ears = await writeTinyEars()
  filled = await mkdtemp(join(root, 'cache-'))
  process.env.PAL_CACHE = filled
  killed = join(root, 'killed')
  cold = await onBases(CONNECTOR, {
    atStep: (step, folder) => step === 5 && cpSync(folder, killed, { recursive: true }),
  })
})
after(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  process.env.PAL_CACHE = await mkdtemp(join(root, 'cache-'))
})

/** Recordings as they are, and no background between them. */
const RECURRING = [
  'sources.clips={ kind: clips, augment: false, backgroundChance: 0 }',
  'stages.0.batches=[{seconds: 1.28, audios: 3, questions: 2, mix: {clips: 1}}]',
]
const CONNECTOR = ['stages.0.steps=6', 'stages.1.steps=1', ...RECURRING]

test('what a frozen encoder makes is computed once, and a run is the same to the last bit', async () => {
  const [first] = used(cold)
  assert.ok(first && first.found > 0 && first.computed > 0)
  assert.equal(first.found + first.computed, 6 * 3)

  process.env.PAL_CACHE = filled
  const warm = await onBases(CONNECTOR)
  assert.deepEqual(used(warm)[0], { ...first, found: 6 * 3, computed: 0 })
  assert.deepEqual(await weights(warm), await weights(cold))

  await rm(filled, { recursive: true })
  const resumed = await onBases(CONNECTOR, { folder: killed })
  assert.deepEqual(await weights(resumed), await weights(cold))
})

test('without a place to keep it, a warning, and the same bits', async () => {
  assert.deepEqual(
    cold.events.filter(({ kind }) => kind === 'warning'),
    [],
  )
  await writeFile(join(process.env.PAL_CACHE as string, 'features'), '')
  const warned = await onBases(CONNECTOR)
  assert.equal(warned.events.filter(({ kind }) => kind === 'warning').length, 1)
  assert.equal(used(warned)[0]?.found, 0)
  assert.deepEqual(await weights(warned), await weights(cold))
})

test('switched off, the encoder is a part of each step, and the run the same but for rounding', async (t) => {
  const off = await onBases([...CONNECTOR, 'featureCacheGiB=0'])
  assert.deepEqual(used(off), [])
  const difference = await largestDifference(cold.folder, off.folder)
  t.diagnostic(`largest difference ${difference.toExponential(1)}`)
  assert.ok(difference < 1e-3, `${difference}`)
})

test('of scenes, which never come again, nothing is kept', async () => {
  const { events } = await onBases(drawing('{scenes: 1}'))
  assert.deepEqual(
    events.filter(({ kind }) => kind.startsWith('features')),
    [],
  )
})

test('of a manifest’s audio within the same batches as scenes, it is', async () => {
  const manifest = join(root, 'questions.jsonl')
  const rows = ['0-1-0', '1-1-0'].map((name) => ({
    messages: [
      { role: 'user', content: '<audio>What is it?' },
      { role: 'assistant', content: 'Rain.' },
    ],
    audios: [join(recordings, 'esc10', `${name}.wav`)],
  }))
  await writeFile(manifest, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const changes = [`sources.asked={ kind: manifest, path: ${manifest} }`, ...drawing('{scenes: 1, asked: 1}')]
  const [first] = used(await onBases(changes))
  const [again] = used(await onBases(changes))
  assert.ok(first && again)
  assert.equal(first.computed - again.computed, rows.length)
  assert.ok(again.computed > 0 && again.found > first.found)
})

test('an encoder of the run’s own is told by its weights, while a stage leaves it alone', async () => {
  const labels = (settings: string) => [
    `stages=[{name: head, objective: labels, steps: 3, learningRate: 0.01, ${settings}, batches: [{seconds: 2.56, audios: 3, questions: 2, mix: {clips: 1}}]}]`,
    'sources.clips={ kind: clips, augment: false, backgroundChance: 0 }',
  ]
  const alone = labels('trained: [heads.*]')
  assert.ok(used(await fromNothing(alone))[0]?.computed)
  assert.equal(used(await fromNothing(alone))[0]?.computed, 0)
  assert.ok(used(await fromNothing([...alone, 'seed=2']))[0]?.computed)

  assert.deepEqual(used(await fromNothing(labels("trained: ['*']"))), [])
  const hiding = 'specAugment: {timeMasks: 1, maxSeconds: 0.1, bandMasks: 1, maxBins: 2}'
  assert.deepEqual(used(await fromNothing(labels(`trained: [heads.*], ${hiding}`))), [])
})

interface Run {
  readonly folder: string
  readonly model: string
  readonly events: readonly TrainEvent[]
}

interface Running {
  readonly folder?: string
  readonly atStep?: (step: number, folder: string) => unknown
}

function onBases(changes: readonly string[], running: Running = {}): Promise<Run> {
  const chosen = { llm: fixture('smollm2'), encoders: [ears] }
  return run('smollm2-pal.yaml', [...TINY_BASE_CHANGES, 'saveEvery=2', ...changes], running, chosen)
}

/** The first of these trains the tokenizer of all. */
async function fromNothing(changes: readonly string[]): Promise<Run> {
  const folder = await mkdtemp(join(root, 'run-'))
  if (tokenized !== undefined) await takeTokenizer(tokenized, folder)
  const trained = await run('pal-tiny.yaml', [...TINY_CHANGES, ...changes], { folder })
  tokenized ??= folder
  return trained
}

let tokenized: string | undefined

async function run(
  recipe: string,
  changes: readonly string[],
  { folder, atStep }: Running,
  chosen?: Parameters<typeof loadRecipe>[2],
): Promise<Run> {
  const file = join(packageFolder(), 'recipes', recipe)
  const loaded = await loadRecipe(file, [`data.root=${recordings}`, ...changes], chosen)
  const kept = folder ?? (await mkdtemp(join(root, 'run-')))
  const events: TrainEvent[] = []
  const onEvent = (event: TrainEvent) => {
    events.push(event)
    if (event.kind === 'step' && event.report.stage === loaded.recipe.stages[0]?.name) {
      atStep?.(event.report.step, kept)
    }
  }
  const { model } = await train(loaded, { folder: kept, threads: 1, onEvent })
  return { folder: kept, model, events }
}

/** Both stages draw so. */
function drawing(mix: string): readonly string[] {
  const batches = `[{seconds: 1.28, audios: 4, questions: 2, mix: ${mix}}]`
  return [
    'stages.0.steps=3',
    'stages.1.steps=1',
    `stages.0.batches=${batches}`,
    `stages.1.batches=${batches}`,
  ]
}

function used({ events }: Run) {
  return events.flatMap((event) => (event.kind === 'featuresUsed' ? event : []))
}

function weights({ model }: Run): Promise<Buffer> {
  return readFile(join(model, 'model.safetensors'))
}
