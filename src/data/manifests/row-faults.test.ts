import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../../audio/write-wav.js'
import { manifestItems } from '../../eval/manifest-items.js'
import { shardItems } from '../../eval/shard-items.js'
import { folder, rate, tone, writeWav } from '../audio.test.fixtures.js'
import { readClips } from '../clips/read-clips.js'
import { fixture, tarEnd, tarMember } from '../shards/shards.test.helper.js'
import { manifestSource } from '../sources/manifest-source.js'
import { checkManifest } from './check.js'
import { readManifest } from './manifest.js'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const row = (changes: object = {}) => ({
  ...{ messages: [user('What is it?'), assistant('A dog.')], audios: ['a.wav'] },
  ...changes,
})

async function manifest(...rows: readonly object[]): Promise<string> {
  const path = join(await folder(), 'rows.jsonl')
  for (const name of ['a.wav', 'b.wav']) await writeWav(join(path, '..', name), tone(0.1))
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return path
}

const choices = ['A dog.', 'A cat.']
const unusable: readonly (readonly [what: string, row: object, message: RegExp])[] = [
  [
    'two audios',
    row({ messages: [user('<audio><audio>Which?'), assistant('A.')], audios: ['a.wav', 'b.wav'] }),
    /^expected one audio in a row to train on or to ask about, got 2$/,
  ],
  ['no audio', row({ audios: [] }), /^expected one audio .*, got 0$/],
]
const unaskable: readonly (readonly [what: string, row: object, message: RegExp])[] = [
  [
    'an answer that is no choice',
    row({ choices: ['A cat.', 'A cow.'] }),
    /^expected choices, the answer "A dog\."/,
  ],
  ['no choices to choose from', row({ task: 'multiple-choice' }), /^expected choices, .* got none$/],
  [
    'a task that is scored otherwise',
    row({ task: 'quiz' }),
    /^expected rows of task "quiz" to be scored alike/,
  ],
]

for (const [what, bad, message] of [...unusable, ...unaskable]) {
  test(`a check says of ${what} what evaluation says, and training if that refuses it, too`, async () => {
    const path = await manifest(row({ task: 'quiz', choices }), bad)
    const { problems } = await checkManifest(path)
    const isUnusable = unusable.some(([, row]) => row === bad)
    assert.deepEqual(
      problems.map(({ line, kind, audio }) => [line, kind, audio]),
      [[2, isUnusable ? 'unusable' : 'unaskable', undefined]],
    )
    assert.match(problems[0]?.message ?? '', message)
    const told = { message: new RegExp(`rows\\.jsonl:2, .*: ${message.source.replace(/^\^|\$$/g, '')}`) }
    await assert.rejects(manifestItems(path, 16_000), told)
    const source = readManifest(path).then((examples) => manifestSource(examples))
    if (isUnusable) await assert.rejects(source, told)
    else await source
  })
}

test('an id that was there before is told with the row that has it', async () => {
  const path = await manifest(row({ id: 7 }), row(), row({ id: '7' }), row({ id: 2 }))
  const { problems } = await checkManifest(path)
  assert.deepEqual(
    problems.map(({ line, kind }) => [line, kind]),
    [
      [3, 'unaskable'],
      [4, 'unaskable'],
    ],
  )
  assert.match(problems[0]?.message ?? '', /got "7" again, which is that of .*rows\.jsonl:1$/)
})

test('several questions are no problem, and said to be for training alone', async () => {
  const messages = [user('What?'), assistant('A dog.'), user('Sure?'), assistant('Yes.')]
  const path = await manifest(row(), row({ messages }), row({ messages }))
  const { problems, warnings } = await checkManifest(path)
  assert.deepEqual(problems, [])
  assert.deepEqual(warnings, [
    `2 rows (the first: ${path}:2) can be trained on, not asked by pal eval: more than one question`,
  ])
  await manifestSource(await readManifest(path))
  await assert.rejects(
    manifestItems(path, 16_000),
    /:2: expected a question and its answer, got the messages user, /,
  )
})

test('a row of shards is no labelled recording if others are conversations', async () => {
  const path = join(await folder(), 'rows.tar')
  const asked = JSON.stringify({ question: 'What?', answer: 'A dog.' })
  for (const [unasked, message] of [
    [{ question: 'What?' }, /rows\.tar, 1: expected a row in a known form, got the keys /],
    [{ question: 'What?', answer: null }, /rows\.tar, 1, answer: expected /],
    [{ label: 'dog' }, /rows\.tar, 1, label: expected messages, got a labelled recording/],
  ] as const) {
    const members = { '1.json': JSON.stringify(unasked), '1.wav': '', '2.json': asked, '2.wav': '' }
    const tar = Object.entries(members).map(([name, text]) => tarMember(name, text))
    await writeFile(path, Buffer.concat([...tar, tarEnd]))
    await assert.rejects(checkManifest(path), message)
  }
})

test('a recording of labelled shards without its label is a problem', async () => {
  const { problems, warnings } = await checkManifest(fixture('unlabelled.parquet'))
  assert.deepEqual(
    problems.map(({ part, kind, message }) => [part, kind, message]),
    [['row 2', 'unusable', 'expected a label in "label", got none']],
  )
  assert.deepEqual(warnings, [])
})

test('so is one of a tar, wherever it stands, whose sample lacks the file of the label', async () => {
  const path = join(await folder(), 'rows.tar')
  const wav = encodeWav(tone(0.1), rate)
  const members = { '1.wav': wav, '2.cls': '3', '2.wav': wav, '3.txt': 'A dog.', '3.wav': wav }
  const tar = Object.entries(members).map(([name, content]) => tarMember(name, content))
  await writeFile(path, Buffer.concat([...tar, tarEnd]))
  const { problems, warnings } = await checkManifest(path)
  const message = 'expected a label in "cls", got none'
  assert.deepEqual(
    problems.map(({ part, kind, message }) => [part, kind, message]),
    [
      ['1', 'unusable', message],
      ['3', 'unusable', message],
    ],
  )
  assert.deepEqual(warnings, [])
  const set = { name: 'claps', shards: path, audio: 'audio', label: 'cls', kind: 'sound' } as const
  await assert.rejects(readClips(set, ''), /rows\.tar, 1, cls: expected a text or a number, got nothing/)
  await assert.rejects(shardItems(path, rate), /rows\.tar, 1: expected messages, or one audio and its label/)
  await writeFile(path, Buffer.concat([...tar.slice(1), tarEnd]))
  await assert.rejects(shardItems(path, rate), /rows\.tar, 3, cls: expected a text or a number, got nothing/)
})
