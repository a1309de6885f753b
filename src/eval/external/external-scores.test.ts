import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { EvalItem } from '../items.js'
import { markdown, report } from '../report.js'
import { captionScores } from './caption-scores.js'
import { expectCaptions, externalScores } from './external-scores.js'

/** Scores the share of a caption's words that any reference has, and keeps a line of each call beside itself. */
const OVERLAP = `
  const { appendFileSync, readFileSync } = require('node:fs')
  appendFileSync(__filename + '.calls', 'called\\n')
  const words = (text) => text.toLowerCase().match(/[a-z]+/g) ?? []
  for (const line of readFileSync(0, 'utf8').trim().split('\\n').reverse()) {
    const { id, answer, references } = JSON.parse(line)
    const known = new Set(references.flatMap(words))
    const said = words(answer)
    const score = said.filter((word) => known.has(word)).length / Math.max(1, said.length)
    console.log(JSON.stringify({ id, score }))
  }`

/** A program that runs this script, and the folder that it lies in. */
async function program(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'pal-external-'))
  const file = join(folder, 'score.cjs')
  await writeFile(file, script)
  return { folder, file, command: `"${process.execPath}" "${file}"` }
}

const item = (id: string, expected: string, more: Partial<EvalItem> = {}) => ({
  ...{ id, audio: `${id}.wav`, task: 'caption', scoring: 'captioning', question: '?', expected, ...more },
})
const items = [
  item('a', 'A dog barks.', { accept: ['Barking'] }),
  item('b', 'Rain falls.'),
  item('c', 'Who?', { task: 'name', scoring: 'name' }),
]
const sample = (one: (typeof items)[0], answer: string) => ({ ...one, answer, right: false })

test('captions are scored by a program, once for the same answers; unanswered ones are empty', async () => {
  const { folder, file, command } = await program(OVERLAP)
  const overlap = { name: 'overlap', command }
  const samples = [sample(items[0]!, 'A dog, barking, loudly'), sample(items[2]!, 'Me')]
  const scored = () => externalScores([overlap], samples, items, { folder })
  assert.deepEqual(
    [...(await scored())],
    [
      ['a', { overlap: 0.75 }],
      ['b', { overlap: 0 }],
    ],
  )
  const calls = async () => (await readFile(`${file}.calls`, 'utf8')).trim().split('\n').length
  const again = await scored()
  assert.equal(await calls(), 1)
  assert.match(await readFile(join(folder, 'external-overlap.jsonl'), 'utf8'), /^\{"id":"a","score":0\.75,/)

  const reports = report(samples, items, again)
  const measure = reports[0]?.measures.find(({ name }) => name === 'overlap (external)')
  assert.equal(measure?.value, 0.375)
  assert.deepEqual([measure?.low, measure?.high], [0, 0.75])
  assert.match(markdown(reports), /\| overlap \(external\) \| 0\.375 \(0\.000–0\.750\) \|/)
  assert.equal(reports[1]?.measures.length, 1, 'only captions have it')

  samples[0] = sample(items[0]!, 'A dog')
  assert.equal((await scored()).get('a')?.overlap, 1)
  assert.equal(await calls(), 2)
  const other = { name: 'overlap', command: `${command} --other` }
  await externalScores([other], samples, items, { folder })
  assert.equal(await calls(), 3)
})

test('a program that fails is told with what it said, and one that gives anything else with what that is', async () => {
  const captions = [
    { id: 'a', answer: 'A dog', references: ['Dog'] },
    { id: 'b', answer: 'Rain', references: ['Rain'] },
  ]
  const scoring = async (script: string) =>
    captionScores((await program(script)).command, captions, { key: '--external x' })
  const lines = (...of: readonly string[]) =>
    of.map((line) => `console.log(${JSON.stringify(line)})`).join('\n')
  const [a, b] = ['{"id":"a","score":1}', '{"id":"b","score":2}']
  assert.deepEqual(
    [...(await scoring(lines(a, b)))],
    [
      ['a', 1],
      ['b', 2],
    ],
  )
  await assert.rejects(
    scoring("console.error('no such model'); process.exit(3)"),
    /^PalError: --external x: expected the program to finish, got exit code 3: .*\nIt said:\nno such model$/,
  )
  await assert.rejects(scoring('process.exit(1)'), /exit code 1: .*\nIt said nothing/)
  await assert.rejects(scoring(lines(a)), /--external x: expected 2 scores, got 1, none of "b"/)
  await assert.rejects(
    scoring(lines(a, b, '{"id":"z","score":1}')),
    /captions that were given, got one of "z"/,
  )
  await assert.rejects(scoring(lines(a, b, a)), /one score of each caption, got two of "a"/)
  await assert.rejects(
    scoring(lines('{"id":"a","score":NaN}', b)),
    /a finite number\}, got \{"id":"a","score":NaN\}/,
  )
  await assert.rejects(scoring(lines('{"id":"a","score":"1"}')), /a finite number/)
  await assert.rejects(
    scoring(lines('loading')),
    /got loading\nWhatever is no score goes to standard error\./,
  )
})

test('a program that is no longer wanted is ended, with all that it has started', async () => {
  const { file, command } = await program(`
    require('node:fs').writeFileSync(__filename + '.started', '')
    setInterval(() => {}, 1000)`)
  const controller = new AbortController()
  const scoring = captionScores(`${command}; true`, [], { key: '--external x', signal: controller.signal })
  while (!existsSync(`${file}.started`)) await setTimeout(20)
  const reason = new Error('enough')
  controller.abort(reason)
  // Its output is open until the last process that holds it has ended.
  await assert.rejects(scoring, reason)
})

test('only captions are scored', () => {
  expectCaptions(items)
  assert.throws(() => expectCaptions(items.slice(2)), /--external: expected .* with a caption, got name\n/)
})
