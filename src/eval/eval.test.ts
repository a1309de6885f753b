import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Samples } from '../audio/read-audio.js'
import { PalError } from '../errors.js'
import { loadPal, type Pal } from '../model/pal.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { type Ranks, solitary } from '../parallel/ranks.js'
import { ranksOfOneProcess } from '../parallel/ranks.test.helper.js'
import { accuracy, balancedAccuracy } from './accuracy.js'
import { bootstrap } from './bootstrap.js'
import type { EvalSet } from './items.js'
import { report } from './report.js'
import { evaluate, rescore } from './run.js'

/** At the tiny model's rate. */
const sound = (length: number, at: (n: number) => number): Samples => ({
  samples: Float32Array.from({ length }, (_, n) => at(n)),
  sampleRate: 8000,
})

test('the interval of a share is that of the binomial', () => {
  const items = Array.from({ length: 400 }, (_, i) => ({ id: String(i), right: i % 4 !== 0 }))
  const share = (of: readonly (typeof items)[number][]) => of.filter(({ right }) => right).length / of.length
  const { value, low, high } = bootstrap(items, ({ id }) => id, share)
  const half = 1.96 * Math.sqrt((0.75 * 0.25) / 400)
  assert.equal(value, 0.75)
  assert.ok(Math.abs(low - (0.75 - half)) < 0.006, `${low}`)
  assert.ok(Math.abs(high - (0.75 + half)) < 0.006, `${high}`)
})

test('questions about one recording are drawn together: the interval is wider', () => {
  const items = Array.from({ length: 400 }, (_, i) => ({ audio: String(i >> 3), right: (i >> 3) % 2 === 0 }))
  const share = (of: readonly (typeof items)[number][]) => of.filter(({ right }) => right).length / of.length
  const apart = bootstrap(items, (item) => String(items.indexOf(item)), share)
  const together = bootstrap(items, ({ audio }) => audio, share)
  assert.ok(together.high - together.low > 2 * (apart.high - apart.low))
})

test('yes/no is balanced, and a question without an answer is wrong', () => {
  const item = (expected: string, right: boolean) => ({ expected, right })
  const samples = [item('Yes.', true), item('Yes.', true), item('Yes.', true), item('No.', false)]
  assert.equal(accuracy(samples), 0.75)
  assert.equal(balancedAccuracy(samples), 0.5)
  const asked = ['1', '2'].map((id) => ({
    ...{ id, task: 'digits', scoring: 'digit', audio: id, question: '?', expected: 'Two.' },
  }))
  const sample = {
    ...(asked[0] as (typeof asked)[0]),
    answer: 'Two.',
    right: true,
  }
  const [row] = report([sample], asked)
  assert.deepEqual([row?.answered, row?.asked, row?.measures[0]?.value], [1, 2, 0.5])
  const gone = { ...sample, id: '3', offFormat: true }
  assert.deepEqual(report([sample, gone], asked), report([sample], asked), 'an answer to what is not asked')
})

test('yes is yes however it is worded', () => {
  const item = (expected: string, right: boolean) => ({ expected, right })
  const samples = [
    item('Yes.', true),
    item('yes', true),
    item('Yes, a dog barks.', false),
    item('No.', false),
  ]
  assert.equal(balancedAccuracy(samples), (2 / 3 + 0) / 2)
})

/** A question about silence. */
const silent = (id: string) => ({
  ...{ id, audio: id, task: 'name', scoring: 'name', question: '?', expected: 'Rain.' },
  samples: async () => sound(4000, () => 0),
})

/** Opens a tiny model anew each time. */
async function tinyModel(): Promise<() => Promise<Pal>> {
  const model = await writeTinyModel()
  return () => loadPal({ model, threads: 1 })
}

test('an evaluation goes on where it stopped, and needs no model when it is whole or scored again', async () => {
  const load = await tinyModel()
  const folder = await mkdtemp(join(tmpdir(), 'pal-eval-'))
  const set: EvalSet = {
    vocabulary: { sound: ['rain'], digit: [], drum: [] },
    items: [0, 1, 2].map((i) => ({
      id: String(i),
      audio: `clip ${i}`,
      samples: async () => sound(8000, (n) => Math.sin(n * (i + 1))),
      task: 'name',
      scoring: 'name',
      question: 'What do you hear?',
      expected: 'Rain.',
    })),
  }
  const loaded = () => assert.fail('loaded')
  await assert.rejects(
    evaluate(() => Promise.reject(new Error('not there')), set, { folder, identity: { seed: 2 } }),
    /not there/,
  )
  const asking = () =>
    evaluate(loaded, set, { folder, identity: { seed: 1 } }).then(
      () => assert.fail('both'),
      (error: Error) => error.message,
    )
  const told: string[] = []
  const first = await evaluate(
    async () => {
      told.push(await asking(), await rescore(folder, set.vocabulary).catch((error) => error.message))
      return load()
    },
    { ...set, items: set.items.slice(0, 2) },
    { folder, identity: { seed: 1 } },
  )
  await appendFile(join(folder, 'samples.jsonl'), '{"id":"2","cut sho') // As a kill may leave it.
  const all = await evaluate(load, set, { folder, identity: { seed: 1 } })
  assert.deepEqual(all.slice(0, 2), first)
  assert.equal((await readFile(join(folder, 'samples.jsonl'), 'utf8')).trimEnd().split('\n').length, 3)
  assert.equal(told.length, 2)
  for (const message of told) assert.match(message, /expected a folder that nobody works in.*\n.*--out/)
  assert.deepEqual(await evaluate(loaded, set, { folder, identity: { seed: 1 } }), all)
  assert.deepEqual(await rescore(folder, set.vocabulary), all)
  await assert.rejects(
    evaluate(loaded, set, { folder, identity: { seed: 2 } }),
    /expected a folder for these questions/,
  )
})

test('who is stopped while the model is opened gets what was kept before; other ranks go on', async () => {
  const load = await tinyModel()
  const folder = await mkdtemp(join(tmpdir(), 'pal-eval-opening-'))
  const set = (...ids: readonly string[]): EvalSet => ({
    vocabulary: { sound: ['rain'], digit: [], drum: [] },
    items: ids.map(silent),
  })
  const asked = (ids: readonly string[], ranks: Ranks, stopped: boolean) => {
    const controller = new AbortController()
    const stop = () => {
      controller.abort()
      return Promise.reject(controller.signal.reason)
    }
    const { signal } = controller
    return evaluate(stopped ? stop : load, set(...ids), { folder, ranks, identity: { seed: 1 }, signal })
  }
  assert.deepEqual(await asked(['a', 'b'], solitary, true), [])
  assert.deepEqual(await readdir(folder), [], 'a folder without an answer is nobody’s')
  const kept = await asked(['a'], solitary, false)
  assert.deepEqual(await asked(['a', 'b'], solitary, true), kept)
  const [first, second] = await Promise.all(
    ranksOfOneProcess(2).map((ranks) => asked(['a', 'b', 'c'], ranks, ranks.rank === 0)),
  )
  assert.deepEqual(
    first!.map(({ id }) => id),
    ['a', 'c'],
  )
  assert.deepEqual(second, first)
})

test('ranks that share an evaluation, also one that was stopped, keep what one process does', async () => {
  const load = await tinyModel()
  const set: EvalSet = {
    vocabulary: { sound: ['rain'], digit: [], drum: [] },
    items: [0, 1, 2, 3, 4, 0, 2].map((clip, i) => ({
      id: String(i),
      audio: `clip ${clip}`,
      samples: async () => {
        if (clip === 3) throw new PalError('clip 3 is damaged')
        return sound(4000, (n) => Math.sin(n * (clip + 1)))
      },
      task: 'name',
      scoring: 'name',
      question: 'What do you hear?',
      expected: 'Rain.',
    })),
  }
  const kept = async (sizes: readonly number[], stopAfter = Number.POSITIVE_INFINITY) => {
    const folder = await mkdtemp(join(tmpdir(), 'pal-eval-ranks-'))
    let unreadable: unknown[] = []
    for (const size of sizes) {
      const last = size === sizes.at(-1)
      await Promise.all(
        ranksOfOneProcess(size).map((ranks) => {
          const controller = new AbortController()
          const told: unknown[] = []
          if (ranks.rank === 0) unreadable = told
          return evaluate(load, set, {
            ...{ folder, ranks, identity: { seed: 1 }, signal: controller.signal },
            onUnreadable: (recording) => told.push(recording),
            onProgress: (done) => !last && done >= stopAfter && controller.abort(),
          })
        }),
      )
    }
    assert.deepEqual((await readdir(folder)).sort(), ['identity.json', 'samples.jsonl'])
    return { text: await readFile(join(folder, 'samples.jsonl'), 'utf8'), unreadable }
  }
  const alone = await kept([1])
  assert.equal(alone.text.trimEnd().split('\n').length, 6)
  assert.deepEqual(await kept([2]), alone)
  assert.deepEqual(await kept([2, 3], 1), alone)
  assert.deepEqual(await kept([2, 1], 1), alone)
})

test('what ranks had answered when they were killed is not asked again', async () => {
  const load = await tinyModel()
  const folder = await mkdtemp(join(tmpdir(), 'pal-eval-killed-'))
  const left = (id: string) => `${JSON.stringify({ ...silent(id), answer: 'Rain.', right: true })}\n`
  await writeFile(join(folder, 'samples.1.jsonl'), `${left('b')}{"id":"d","cut sho`)
  await writeFile(join(folder, 'samples.0.jsonl'), left('a'))
  const set: EvalSet = {
    vocabulary: { sound: ['rain'], digit: [], drum: [] },
    items: ['c', 'b', 'a'].map(silent),
  }
  const samples = await evaluate(load, set, { folder, identity: { seed: 1 } })
  assert.deepEqual(
    samples.map(({ id }) => id),
    ['c', 'b', 'a'],
  )
  assert.deepEqual([samples[1]?.right, samples[2]?.right], [true, true])
  assert.deepEqual((await readdir(folder)).sort(), ['identity.json', 'samples.jsonl'])
})
