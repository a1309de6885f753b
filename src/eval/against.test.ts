import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { answersOf, expectSameQuestions, pairedMarkdown, pairedRows } from './against.js'
import type { EvalIdentity } from './identity.js'
import type { EvalItem } from './items.js'
import type { Sample } from './sample.js'
import { SCORER_VERSION } from './score.js'

const NO_LABELS = vocabularyOf([])

type Item = Omit<EvalItem, 'samples'>

const item = (id: number, task: string): Item => ({
  ...{ id: String(id), audio: `${Math.floor(id / 2)}.wav`, task, scoring: task },
  ...{ question: `${task} ${id}?`, expected: 'Rain.' },
})
const items = [...Array.from({ length: 8 }, (_, i) => item(i, 'name')), item(8, 'digit'), item(9, 'digit')]
const answered = (right: readonly number[]): readonly Sample[] =>
  items.map((one, i) => ({ ...one, answer: 'Rain.', right: right.includes(i) }))

test('the difference of each task and of all, its interval over recordings', () => {
  const [here, there] = [answered([0, 1, 2, 3, 4, 5, 8]), answered([0, 1, 2, 3, 9])]
  const rows = pairedRows(here, there, items)
  assert.deepEqual(
    rows.map(({ task, asked, there, here, difference }) => [task, asked, there, here, difference.value]),
    [
      ['name', 8, 0.5, 0.75, 0.25],
      ['digit', 2, 0.5, 0.5, 0],
      ['all questions', 10, 0.5, 0.7, 0.7 - 0.5],
    ],
  )
  // Both questions of one recording of four are gained, and drawn together: 0, 1, 2 or 3 times in 95 of 100 draws.
  assert.deepEqual([rows[0]?.difference.low, rows[0]?.difference.high], [0, 0.75])
  // The digits' two questions are about one recording, so nothing varies.
  assert.deepEqual([rows[1]?.difference.low, rows[1]?.difference.high], [0, 0])
  assert.match(
    pairedMarkdown(rows, 'runs/other'),
    /^Against runs\/other.*\n\n.*\n.*\n\| name \| 8 \| accuracy \| 50\.0 % \| 75\.0 % \| \+25\.0 \(\+0\.0 to \+75\.0\) \|$/m,
  )
})

test('recordings that were cut from one are drawn together', () => {
  const [here, there] = [answered([0, 1, 2, 3]), answered([])]
  const cut = items.map((one) => ({ ...one, source: 'one' }))
  const [names] = pairedRows(here, there, cut)
  assert.deepEqual(names?.difference, { value: 0.5, low: 0.5, high: 0.5 })
})

test('against itself nothing differs, and what is unanswered is wrong', () => {
  const whole = answered([0, 1, 2, 3])
  for (const { difference } of pairedRows(whole, whole, items)) {
    assert.deepEqual(difference, { value: 0, low: 0, high: 0 })
  }
  const [names] = pairedRows(whole.slice(4), whole, items)
  assert.deepEqual([names?.here, names?.there], [0, 0.5])
})

test('another evaluation: there, of the same questions, judged alike', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pal-against-'))
  const asked = { asked: 'esc50:folder', seed: 1, limit: 0 }
  const here = { items, vocabulary: NO_LABELS, sampleRate: 16_000, asked }
  const kept = async (
    name: string,
    samples: readonly Sample[],
    scorer: string | number = SCORER_VERSION,
    more: EvalIdentity = {},
  ) => {
    const folder = join(root, name)
    await mkdir(folder)
    await writeFile(join(folder, 'identity.json'), JSON.stringify({ ...asked, ...more, model: 'y', scorer }))
    await writeFile(join(folder, 'samples.jsonl'), samples.map((one) => `${JSON.stringify(one)}\n`).join(''))
    return folder
  }
  const whole = answered([1])
  assert.deepEqual(await answersOf(await kept('whole', whole), here), whole)
  await assert.rejects(answersOf(join(root, 'none'), here), /--against: expected the folder of an evaluation/)
  await assert.rejects(
    answersOf(await kept('old', whole, 1), here),
    /judged by scorer .* got scorer 1[\s\S]*--rescore/,
  )
  const limited = await kept('limited', whole.slice(0, 7), SCORER_VERSION, { limit: 7 })
  await assert.rejects(
    answersOf(limited, here),
    /the same questions, got 7 of these 10, and another "limit" \(7 there, none here\)/,
  )
  const unlimited = await kept('unlimited', whole, SCORER_VERSION, { limit: 7 })
  assert.deepEqual(await answersOf(unlimited, here), whole, 'all that is asked here is answered')
  const missing = await kept('missing', whole.slice(2))
  const there = await answersOf(missing, here)
  assert.deepEqual(there, whole.slice(2), 'a recording that could not be read there')
  const rows = pairedRows(whole, there, items)
  assert.deepEqual([rows[0]?.there, rows[0]?.here], [0, 1 / 8], 'counts as wrong')
  assert.match(pairedMarkdown(rows, missing), /^\| name \| 8, of which 6 answered there \| accuracy/m)
  const other = await kept('other', [{ ...whole[0]!, question: 'Which?' }, ...whole.slice(1)])
  await assert.rejects(
    answersOf(other, here),
    /samples\.jsonl, 0: .*the same questions, got another question: "Which\?" there, "name 0\?" here\n.*--out/,
  )
})

test('what resuming would not go on with is not compared either: it is no gain of a model', () => {
  const here = { items, vocabulary: NO_LABELS, sampleRate: 16_000, asked: {} }
  const compare = (sample: Partial<Sample>, item: Partial<Item> = {}, identity: EvalIdentity = {}) =>
    expectSameQuestions(
      { identity, samples: [{ ...answered([])[0]!, ...sample }] },
      { ...here, items: [{ ...items[0]!, ...item }] },
      'other',
    )
  for (const [sample, message] of [
    [{ accept: ['Drizzle.'] }, /another list of answers .*: \["Drizzle\."\] there, none here/],
    [{ choices: ['Rain.', 'Dog.'] }, /another list of choices/],
    [{ audio: 'other.wav' }, /another place of the recording: "other\.wav" there, "0\.wav" here/],
    [{ history: [{ role: 'system', content: 'Be brief.' }] }, /another message before the question/],
  ] as const) {
    assert.throws(() => compare(sample), message)
  }
  assert.throws(() => compare({ tags: ['Dog'] }, { tags: ['Rain'] }), /another list of right labels/)
  compare({ audio: 'on/another/machine/0.wav' })
  compare({ tags: ['rain'] }, { tags: ['Rain'] })
  compare({}, { tags: ['Rain'] })
  assert.throws(
    () => compare({}, {}, { labels: 'others' }),
    /identity\.json, labels: .*judged by other labels/,
  )
})

test('another recording is told, but for what another rate makes of the same one', () => {
  const compare = (there: string, here: string, identity: EvalIdentity = {}) =>
    expectSameQuestions(
      { identity, samples: [{ ...answered([])[0]!, recording: there }] },
      { items: [{ ...items[0]!, recording: here }], vocabulary: NO_LABELS, sampleRate: 8000, asked: {} },
      'other',
    )
  assert.throws(() => compare('samples a', 'samples b', { sampleRate: 8000 }), /another recording/)
  compare('samples a', 'samples b')
  assert.throws(() => compare('4 bytes of 2026', '5 bytes of 2026'), /another recording/)
  compare('4 bytes of 2025', '4 bytes of 2026')
})

test('another protocol measures something else', () => {
  const [here, there] = [
    answered([]),
    answered([]).map((one) => ({ ...one, protocol: 'likelihood' as const })),
  ]
  assert.throws(() => pairedRows(here, there, items), /--against: expected name by "accuracy" there, too/)
})
