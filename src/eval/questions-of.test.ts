import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import { type QuestionsOptions, questionsOf } from './questions-of.js'

const DRAWING = { scenes: 5, seed: 1, wordings: 'held-out', sampleRate: 16_000 } as const

let manifest: string
let recordings: string
before(async () => {
  recordings = await writeTinyRecordings()
  const row = (task: string, question: string) => ({
    task,
    messages: [
      { role: 'user', content: `<audio>${question}` },
      { role: 'assistant', content: 'Yes.' },
    ],
    audios: ['a.wav'],
  })
  const rows = Array.from({ length: 10 }, (_, i) => row(i % 2 ? 'presence' : 'mood', `Question ${i}?`))
  manifest = join(await mkdtemp(join(tmpdir(), 'pal-questions-')), 'questions.jsonl')
  await writeFile(manifest, rows.map((one) => `${JSON.stringify(one)}\n`).join(''))
})

const idsOf = async (more: Partial<QuestionsOptions> = {}) =>
  (await questionsOf(manifest, [], { ...DRAWING, ...more })).items.map(({ id }) => Number(id))

test('all that is written down is asked, or the tasks that are named', async () => {
  assert.deepEqual(await idsOf(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(await idsOf({ tasks: ['presence'] }), [2, 4, 6, 8, 10])
  await assert.rejects(idsOf({ tasks: ['order'] }), /--tasks: expected one of mood, presence, got "order"/)
})

test('a task that there is and that cannot be asked of the recordings is told as such', async () => {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const sounds = ['data.sets.digits.heldOut=[]', 'data.sets.drums.heldOut=[]']
  const counted = (tasks: readonly string[]) =>
    questionsOf(recipe, [`data.root=${recordings}`, ...sounds], { ...DRAWING, tasks })
  await assert.rejects(
    counted(['order', 'count']),
    /--tasks: expected a task that can be asked of these recordings, got "count"\nSuch are esc10, presence, .*order/,
  )
  assert.ok((await counted(['order'])).items.length > 0)
})

test('a limit is of each task, drawn by the seed, and the order stays', async () => {
  const limited = await idsOf({ limit: 2 })
  assert.deepEqual(limited.map((id) => id % 2).sort(), [0, 0, 1, 1], 'two of each task')
  assert.deepEqual(
    limited,
    limited.toSorted((a, b) => a - b),
  )
  assert.deepEqual(await idsOf({ limit: 2 }), limited)
  assert.notDeepEqual(await idsOf({ limit: 2, seed: 2 }), limited)
  assert.equal((await idsOf({ limit: 9 })).length, 10)
})

test('what a set of questions has no use for is refused', async () => {
  await assert.rejects(
    questionsOf(manifest, ['seed=2'], DRAWING),
    /questions\.jsonl: expected changes with a recipe only, got "seed=2"\n/,
  )
  await assert.rejects(
    questionsOf(manifest, ['more.jsonl'], DRAWING),
    /expected one set of questions per call, got "more\.jsonl" as well\n/,
  )
  await assert.rejects(
    questionsOf('esc50:folder', [], { ...DRAWING, question: 'What is it?' }),
    /esc50:folder, --question: expected a question with a manifest only/,
  )
})
