import assert from 'node:assert/strict'
import { mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import type { Draw } from '../data/source.js'
import { resolveEncoders } from '../model/bases/resolve-plan.js'
import { integrations, tinyConfig } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { Random } from '../random.js'
import { openExample } from '../text/text.test.fixtures.js'
import { collate } from './collate.js'
import { loadRecipe } from './recipe/load-recipe.js'
import type { LoadedRecipe } from './recipe/recipe.js'
import { asDrawn, loadManifests, loadSets, openSources } from './sources.js'
import { timed } from './timed-stage.js'
import { TINY_CHANGES, writeTinyRecordings } from './tiny-run.test.helper.js'
import { train } from './train.js'

const RATE = 16_000

let recordings: string
before(async () => {
  recordings = await writeTinyRecordings()
})

function recipe(...changes: readonly string[]) {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  return loadRecipe(file, [`data.root=${recordings}`, ...TINY_CHANGES, ...changes])
}

const configOf = ({ recipe }: LoadedRecipe) => resolveEncoders(recipe.model.encoders)

async function opened(...changes: readonly string[]) {
  const loaded = await recipe(...changes)
  const data = { sets: await loadSets(loaded.recipe, 'all', RATE), manifests: await loadManifests(loaded) }
  return { loaded, ...data, sourceOf: await openSources(loaded, data, await configOf(loaded)) }
}

const said = (...contents: readonly string[]) =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))

/** A manifest of one row about a new audio of so many seconds. */
async function manifest(
  seconds: number,
  messages: readonly object[] = said('What is it?', 'A dog.'),
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-manifest-'))
  const samples = Float32Array.from({ length: seconds * RATE }, (_, i) => 0.3 * Math.sin(i / 5))
  await writeFile(join(folder, 'a.wav'), encodeWav(samples, RATE))
  await writeFile(join(folder, 'rows.jsonl'), JSON.stringify({ messages, audios: ['a.wav'] }))
  return join(folder, 'rows.jsonl')
}

test('a group to hold out that no recording is of is told, whatever is loaded', async () => {
  const { recipe: misspelt } = await recipe('data.sets.digits.heldOut=[nicolass]')
  for (const part of ['all', 'held-out'] as const) {
    await assert.rejects(
      loadSets(misspelt, part, RATE),
      /data\.sets\.digits\.heldOut: .*\(george, nicolas\), got "nicolass"/,
    )
  }
})

test('what a late stage cannot draw is told before the first has begun, with the batch', async () => {
  const rows = await manifest(2)
  const late = (batch: string, ...changes: readonly string[]) =>
    opened(
      ...changes,
      `stages.5.batches=[{seconds: 2.56, audios: 2, questions: 1, mix: {clips: 1}}, ${batch}]`,
    )
  const batch = 'seconds: 2.56, audios: 2, questions: 1'
  for (const [settings, message] of [
    ['kind: clips, sets: [digits], chokeChance: 0.5', /\.chokeChance: expected recordings of drums/],
    ['kind: clips, tasks: {order: 1}', /\.tasks: .*by itself, got order/],
    ['kind: scenes, tasks: {order: 1}, eventCounts: [1], countingChance: 0', /\.tasks: .*got order: 100/],
    ['kind: scenes, eventCounts: [0, 0]', /\.eventCounts: .*got \[0, 0\]/],
    [
      'kind: clips, augment: {shift: {range: [-1, 1]}}',
      /\.augment\.shift\.range: .*at least 0, got \[-1, 1\]/,
    ],
  ] as const) {
    await assert.rejects(late(`{${batch}, mix: {odd: 1}}`, `sources.odd={${settings}}`), (error: Error) => {
      assert.match(error.message, /pal-tiny\.yaml, stages\.5\.batches\.1: sources\.odd\./)
      assert.match(error.message, message)
      return true
    })
  }
  const mine = `sources.mine={kind: manifest, path: ${rows}}`
  await late(`{${batch}, mix: {clips: 99, mine: 1}}`, mine)
  await assert.rejects(
    late('{seconds: 1.28, audios: 2, questions: 1, mix: {clips: 99, mine: 1}}', mine),
    /stages\.5\.batches\.1: .*rows\.jsonl:1, audios: expected at most 1\.28 s of audio, got 2\.00 s/,
  )
  await assert.rejects(
    late(`{${batch}, mix: {}}`),
    /stages\.5\.batches\.1: mix: expected at least one source/,
  )
  await assert.rejects(
    late('{seconds: 0.2, audios: 2, questions: 1, mix: {digits: 1}}'),
    /stages\.5\.batches\.1: sources\.digits: expected clips that fit into 0\.2 s/,
  )
})

test('a task that no source naming it can ask is told, once, and of one that another asks nothing is', async () => {
  const told = async (...changes: readonly string[]) => {
    const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
    const loaded = await loadRecipe(file, [`data.root=${recordings}`, ...changes])
    const data = { sets: await loadSets(loaded.recipe, 'all', RATE), manifests: await loadManifests(loaded) }
    const warnings: string[] = []
    await openSources(loaded, data, await configOf(loaded), {
      onWarning: (message) => warnings.push(message),
    })
    return warnings
  }
  const stage = (mix: string) =>
    `stages=[{name: answers, steps: 1, learningRate: 0.001, batches: [{seconds: 2.56, audios: 1, questions: 1, mix: ${mix}}]}]`
  const sources = [
    'sources.alone={kind: clips, sets: [esc10], tasks: {name: 1, count: 1}}',
    'sources.together={kind: scenes, sets: [esc10], tasks: {name: 1, count: 1, order: 1}}',
    'sources.counted={kind: scenes, sets: [digits], countingChance: 0.01, tasks: {name: 1, count: 1}}',
  ]
  assert.deepEqual(await told(...sources, stage('{alone: 1, together: 1}')), [
    'sources.alone.tasks.count, sources.together.tasks.count: count is never asked there, since nothing that is drawn allows it',
  ])
  assert.deepEqual(await told(...sources, stage('{alone: 1, together: 1, counted: 1}')), [])
  assert.deepEqual(await told(), [], 'the recipe that ships')
})

test('for its texts alone the same sounds are drawn, and nothing is done to them', async () => {
  const { loaded, sourceOf } = await opened()
  const plan = loaded.recipe.stages.at(-1)!.batches[0]!
  const [heard, read] = [sourceOf(plan, 'all'), sourceOf(plan, 'all', true)]
  for (let i = 0; i < 30; i++) {
    const [one, other] = [heard, read].map((source) =>
      source.drawWithin(new Random('texts', i), plan.seconds),
    )
    const labels = (draw?: Draw) => draw?.sounds?.map(({ label }) => label)
    assert.deepEqual(labels(other), labels(one))
    assert.equal(other?.turns.length, one?.turns.length)
    for (const applied of other?.augmented ?? []) assert.deepEqual(applied, {})
  }
})

test('epochs are of one source that has an end, and have as many steps as it takes', async () => {
  const epochs = (mix: string, more = '', ...changes: readonly string[]) => {
    const batch = `{seconds: 2.56, audios: 4, questions: 1, mix: ${mix}}`
    const stage = `name: epochs, epochs: 2, learningRate: 0.001, batches: [${batch}${more}]`
    return opened(`stages=[{${stage}}]`, ...changes)
  }
  const refused = /pal-tiny\.yaml, stages\.0\.batches\.0: /
  await assert.rejects(
    epochs('{scenes: 1}'),
    /stages\.0\.batches\.0: sources\.scenes: .*an end, .*new at every draw/,
  )
  await assert.rejects(epochs('{clips: 1, digits: 1}'), /one source, .* got clips, digits/)
  const other = ', {seconds: 1, audios: 1, mix: {digits: 1}}'
  await assert.rejects(epochs('{clips: 1}', other), /one source, .* got clips, digits/)
  await assert.rejects(epochs('{clips: 1}', '', 'sources.clips.backgroundChance=0.1'), refused)

  const { loaded, sourceOf } = await epochs('{digits: 1}')
  const [stage] = loaded.recipe.stages
  const steps = (ranks: number) => timed(stage!, sourceOf, { size: ranks }).steps
  // Three digits, two takes of each by the one speaker that is not held out.
  assert.deepEqual([steps(1), steps(2)], [3, 2])
  assert.equal(timed({ ...stage!, epochs: 2.5 }, sourceOf, { size: 1 }).steps, 4)
})

test('a source whose recordings are all held out is told', async () => {
  await assert.rejects(
    opened('data.sets.digits.heldOut=[george, nicolas]', 'sources.clips.sets=[digits]'),
    /stages\.0\.batches\.0: sources\.clips: expected at least one recording that is not held out/,
  )
})

test('a manifest, whose sounds nobody knows, is refused where they are learnt', async () => {
  const rows = await manifest(1)
  const mix = (stage: number) =>
    opened(
      `sources.mine={kind: manifest, path: ${rows}}`,
      `stages.${stage}.batches=[{seconds: 2.56, audios: 2, questions: 1, mix: {clips: 10, mine: 1}}]`,
    )
  await assert.rejects(mix(1), /stages\.1\.batches\.0: sources\.mine: .*objective "timeline", got a manifest/)
  await mix(2)
})

test('a stage that learns from no question asks none, and so no task can be amiss there', async () => {
  const { loaded, sourceOf } = await opened(
    'sources.alone={kind: clips, sets: [esc10], tasks: {order: 1}}',
    'stages.0.batches=[{seconds: 2.56, audios: 2, questions: 1, mix: {alone: 1}}]',
  )
  const [labels, , answers] = loaded.recipe.stages
  assert.ok(labels && answers)
  const draw = ({ batches, hears, ...stage }: typeof labels) => {
    const plan = asDrawn(batches[0]!, { batches, hears, ...stage })
    return sourceOf(plan, hears).drawWithin(new Random(1), plan.seconds)
  }
  assert.deepEqual(draw(labels).turns, [])
  assert.equal(draw(labels).sounds?.length, 1)
  assert.equal(draw(answers).turns.length, 2)
})

test('damaged recordings are told, those of a set with many in one line', async () => {
  const damaged = await writeTinyRecordings()
  const cut = async (name: string) => {
    const file = join(damaged, name)
    await truncate(file, (await readFile(file)).length / 2)
  }
  await cut('esc10/0-1-0.wav')
  for (const pitch of [0, 1, 2]) for (const take of [0, 1]) await cut(`digits/${pitch}-george-${take}.wav`)
  const rows = await manifest(1)
  await truncate(join(rows, '../a.wav'), RATE)
  const loaded = await recipe(`data.root=${damaged}`, `sources.mine={kind: manifest, path: ${rows}}`)
  const warnings: string[] = []
  const onWarning = (message: string) => warnings.push(message)
  const sets = await loadSets(loaded.recipe, 'all', RATE, { onWarning })
  await openSources(loaded, { sets, manifests: await loadManifests(loaded) }, await configOf(loaded), {
    onWarning,
  })
  assert.equal(warnings.length, 3)
  assert.match(warnings[0]!, /esc10\.csv:2: .*0-1-0\.wav: the file is cut short/)
  assert.match(warnings[1]!, /^data\.sets\.digits: 6 warnings, the first: .*digits\.csv:2: .*cut short/)
  assert.match(warnings[2]!, /rows\.jsonl:1: .*a\.wav: the file is cut short/)

  const stages = `[{name: labels, objective: labels, steps: 1, warmup: 0, learningRate: 0.001, batches: [{seconds: 2.56, audios: 2, mix: {clips: 1}}]}]`
  const told: string[] = []
  await train(await recipe(`data.root=${damaged}`, `stages=${stages}`), {
    folder: await mkdtemp(join(tmpdir(), 'pal-run-')),
    threads: 1,
    onEvent: (event) => event.kind === 'warning' && told.push(event.message),
  })
  assert.deepEqual(told, warnings.slice(0, 2))
})

/** What training draws from a manifest of one row with these messages. */
async function drawn(messages: readonly object[]) {
  const { sourceOf } = await opened(
    `sources.mine={kind: manifest, path: ${await manifest(0.25, messages)}}`,
    'stages.2.batches=[{seconds: 2.56, audios: 2, questions: 1, mix: {mine: 1}}]',
  )
  const plan = { seconds: 2.56, audios: 1, questions: 1, weight: 1, mix: { mine: 1 } }
  return sourceOf(plan, 'train').draw(new Random(1))
}

test('a conversation is learnt whole: every answer, after what was said before it', async () => {
  const messages = said('<audio>What is it?', 'A dog.', 'Is that all?', 'Yes.')
  const draw = await drawn(messages)
  const chats: (readonly object[])[] = []
  const tokenizer = {
    chat(given: readonly object[]) {
      chats.push(given)
      return { ids: [1, 2, 3, 4, 5], learn: [false, true, false, true, true] }
    },
  }
  const { learnt, shape } = collate([draw], tinyConfig(integrations.lal), tokenizer, 5120)
  assert.deepEqual(chats, [said('What is it?', 'A dog.', 'Is that all?', 'Yes.')])
  assert.deepEqual([learnt, shape.rows], [3, 1])
})

test('of an answer that is read only no token is learnt, of a later one all are', async () => {
  const [asked, first, again, second] = said('<audio>What is it?', 'A cat.', 'Sure?', 'A dog.')
  const tokenizer = await openExample()
  const batchOf = async (marks: object) => {
    const draw = await drawn([asked!, { ...first, ...marks }, again!, second!])
    return collate([draw], tinyConfig(integrations.lal), tokenizer, 5120)
  }
  const [all, later] = [await batchOf({}), await batchOf({ weight: 0 })]
  const text = ({ learnt, feeds }: typeof all) =>
    tokenizer.decode([...(feeds.labels as BigInt64Array).subarray(0, learnt)].map(Number), { special: true })
  assert.equal(text(all), 'A cat.<|end|>A dog.<|end|>')
  assert.equal(text(later), 'A dog.<|end|>')
  assert.deepEqual(later.feeds.ids, all.feeds.ids, 'it is read all the same')
  const weights = [...(later.feeds.weights as Float32Array)]
  assert.ok(weights.every((weight, i) => weight === (i < later.learnt ? Math.fround(1 / later.learnt) : 0)))
})
