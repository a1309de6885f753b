import assert from 'node:assert/strict'
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { PalError } from '../errors.js'
import { setAsideDoubled } from './doubled-answers.js'
import { keptAnswers } from './kept-answers.js'
import { rescore } from './run.js'
import type { Sample } from './sample.js'

const sample = (id: string): Sample => ({
  ...{ id, audio: 'a.wav', task: 'name', scoring: 'name', question: '?', expected: 'Rain.' },
  ...{ answer: 'Rain.', right: true },
})
const lineOf = (one: object) => `${JSON.stringify(one)}\n`

async function folderOf(samples: string, identity = '{"seed": 1, "model": "tiny"}'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-kept-answers-'))
  await writeFile(join(folder, 'samples.jsonl'), samples)
  await writeFile(join(folder, 'identity.json'), identity)
  return folder
}

/** As `--against` and `pal compare` read a folder, and as `--rescore` does. */
async function rejectsBoth(folder: string, message: RegExp): Promise<void> {
  for (const read of [() => keptAnswers(folder), () => rescore(folder, vocabularyOf([]))]) {
    await assert.rejects(read, (error: unknown) => {
      assert.ok(error instanceof PalError, String(error))
      assert.match(error.message, message)
      return true
    })
  }
}

test('answers are read as they were kept, with what else another program has written', async () => {
  const answers = [sample('1'), { ...sample('2'), scores: { dog: 0.5 } }]
  const folder = await folderOf(answers.map(lineOf).join(''))
  assert.deepEqual(await keptAnswers(folder), {
    ...{ identity: { seed: 1, model: 'tiny' }, samples: answers },
  })
})

test('the folder of an evaluation that is under way is read and left alone', async () => {
  const folder = await folderOf(`${lineOf(sample('1'))}{"id": "2", "au`)
  const file = join(folder, 'samples.jsonl')
  const before = await stat(file)
  assert.deepEqual((await keptAnswers(folder))?.samples, [sample('1')])
  const after = await stat(file)
  assert.deepEqual([after.ino, after.size, after.mtimeMs], [before.ino, before.size, before.mtimeMs])
})

test('a damaged line is told by its number, with what becomes of its question', async () => {
  const { answer: _, ...unanswered } = sample('2')
  for (const [line, message] of [
    ['{"id": "2", "audio": "a.w\n', /samples\.jsonl:2: expected a question and its answer, as JSON\n/],
    ['null\n', /samples\.jsonl:2: .*expected an object, got null\n/],
    [lineOf(unanswered), /samples\.jsonl:2, answer: .*expected text, got none\n/],
    [lineOf({ ...sample('2'), tags: ['a', 1] }), /samples\.jsonl:2, tags\.1: expected text, got 1/],
  ] as const) {
    const folder = await folderOf(`${lineOf(sample('1'))}${line}${lineOf(sample('3'))}`)
    await rejectsBoth(folder, message)
    await rejectsBoth(folder, /\nRemove this line: its question is asked again\.$/)
  }
})

test('a question with two answers is told, by the second one’s line', async () => {
  const doubled = { ...sample('1'), answer: 'Snow.', right: false }
  const folder = await folderOf(`${lineOf(sample('1'))}\n${lineOf(sample('2'))}${lineOf(doubled)}`)
  await rejectsBoth(
    folder,
    /samples\.jsonl:4: expected one answer to each question, got another one to "1", which line 1 answers\n.*lines like this: 1.*--rescore/,
  )
  assert.deepEqual(await setAsideDoubled(folder), { answers: 1, file: join(folder, 'samples.doubled.jsonl') })
  assert.deepEqual((await keptAnswers(folder))?.samples, [sample('1'), sample('2')])
  assert.equal(await readFile(join(folder, 'samples.doubled.jsonl'), 'utf8'), lineOf(doubled))
  assert.equal(await setAsideDoubled(folder), undefined)
})

test('a damaged identity is told, and nothing is scored', async () => {
  for (const [identity, message] of [
    ['{\n  "seed": 1,\n', /identity\.json:2: expected what the answers beside it depend on, as JSON\n/],
    ['{"seed": null}', /identity\.json, seed: expected text or a number\n/],
    ['[]', /identity\.json: .*expected an object, got \[\]\n/],
  ] as const) {
    const samples = lineOf({ ...sample('1'), right: false })
    const folder = await folderOf(samples, identity)
    await rejectsBoth(folder, message)
    await rejectsBoth(folder, /\nRemove this folder, or give another, to ask anew: /)
    assert.equal(await readFile(join(folder, 'samples.jsonl'), 'utf8'), samples)
  }
})
