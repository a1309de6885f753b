import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { fixture, folder, tarEnd, tarMember, toneOf } from '../shards/shards.test.helper.js'
import { manifestSource } from '../sources/manifest-source.js'
import { checkManifest } from './check.js'
import { readManifest } from './manifest.js'

async function shard(...members: [string, string][]): Promise<string> {
  const path = join(await folder(), 'rows.tar')
  await writeFile(path, Buffer.concat([...members.map(([name, text]) => tarMember(name, text)), tarEnd]))
  return path
}
const conversation = (question: string, more: object = {}) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: 'A dog.' },
    ],
    ...more,
  })

test("a parquet file's rows are examples as lines are", async () => {
  const [first, second] = await readManifest(fixture('questions.parquet'))
  assert.deepEqual(first?.messages, [
    { role: 'user', content: '<audio>What is it?' },
    { role: 'assistant', content: 'A dog.' },
  ])
  assert.equal(second?.messages[0]?.content, '<audio>And this?')
  assert.deepEqual([first?.id, second?.id], ['7', 'questions:2'])
  assert.equal(await toneOf(second?.audios[0]), 1)
  const [several, none] = await readManifest(fixture('several.parquet'))
  assert.deepEqual([several?.audios.length, none?.audios.length], [2, 0])
})

test("a tar shard's samples are examples, which may call their audio by name", async () => {
  const [first, second] = await readManifest(fixture('wds-questions.tar'))
  assert.deepEqual([first?.task, first?.id, first?.audios.length], ['name', 'wds-questions:0000', 1])
  assert.equal(await toneOf(first?.audios[0]), 0)
  assert.deepEqual(await Promise.all(second?.audios.map(toneOf) ?? []), [2, 1])
})

test("a shard's rows may be in any dialect, and name their audio or leave that to the shard", async () => {
  const said = [
    { from: 'human', value: '<sound>\nWhat is it?' },
    { from: 'gpt', value: 'A dog.' },
  ]
  const path = await shard(
    ['1.json', JSON.stringify({ sound: '1.wav', conversations: said })],
    ['1.wav', ''],
    ['2.json', JSON.stringify({ instruction: 'What is it?', output: 'A dog.' })],
    ['2.wav', ''],
    [
      '3.json',
      JSON.stringify({ question: 'What is it?', answer: 'A dog.', choices: '["A dog.", "A cat."]' }),
    ],
    ['3.wav', ''],
  )
  const examples = await readManifest(path)
  assert.deepEqual(
    examples.map(({ messages: [question], audios }) => [question?.content, audios.map(({ name }) => name)]),
    [
      ['<audio>What is it?', [`${path}, 1.wav`]],
      ['<audio>What is it?', [`${path}, 2.wav`]],
      ['<audio>What is it? Choose one: (A) A dog. (B) A cat.', [`${path}, 3.wav`]],
    ],
  )
})

test('where audio was before it came into a shard does not matter', async () => {
  const path = await shard(
    ['1.json', JSON.stringify({ question: 'What?', answer: 'A dog.', audio_path: 'orig/x.wav' })],
    ['1.wav', ''],
    ['2.json', JSON.stringify({ key: '2', source: '/orig/y.wav', target: 'A dog.', prompt: 'What?' })],
    ['2.wav', ''],
  )
  const names = (await readManifest(path)).map(({ audios }) => audios.map(({ name }) => name))
  assert.deepEqual(names, [[`${path}, 1.wav`], [`${path}, 2.wav`]])
})

test('parts may be kept as JSON text, too', async () => {
  const content = [{ type: 'audio' }, { type: 'text', text: 'What?' }]
  const messages = JSON.stringify([
    { role: 'user', content },
    { role: 'assistant', content: 'A dog.' },
  ])
  const [example] = await readManifest(await shard(['1.json', JSON.stringify({ messages })], ['1.wav', '']))
  assert.deepEqual([example?.dialect, example?.messages[0]?.content], ['content parts', '<audio>What?'])
})

test('sounds that stand in a row themselves are told apart', async () => {
  const part = (text: string) => ({
    ...{ type: 'input_audio', input_audio: { data: Buffer.from(text).toString('base64'), format: 'wav' } },
  })
  const messages = [
    { role: 'user', content: [part('junk'), part('more junk')] },
    { role: 'assistant', content: 'A.' },
  ]
  const { files, problems } = await checkManifest(await shard(['1.json', JSON.stringify({ messages })]))
  assert.deepEqual([files, problems.map(({ kind }) => kind)], [2, ['unusable', 'unreadable', 'unreadable']])
})

test('a labelled recording may have keys that a conversation has', async () => {
  const labelled = (json: object) => shard(['1.json', JSON.stringify(json)], ['1.cls', '3'], ['1.wav', ''])
  for (const json of [
    { conversation: 'c17' },
    { conversations: 4 },
    { key: '1', source: 'freesound', target: 3 },
  ]) {
    const { rows, files } = await checkManifest(await labelled(json))
    assert.deepEqual([rows, files], [1, 1])
  }
})

test('mistakes in a sample name its shard, its key and what is wrong', async () => {
  const bad = (...members: [string, string][]) => shard(...members).then(readManifest)
  const stray = conversation('<audio>', { audios: ['mp3'] })
  await assert.rejects(bad(['7.json', conversation('<audio>')]), /rows\.tar, 7, audios: .*got 1 for 0/)
  await assert.rejects(bad(['7.json', stray], ['7.wav', '']), /7, audios: .*\(wav, 7\.wav\), got "mp3"/)
  await assert.rejects(bad(['7.json', '{"messages":[]}']), /rows\.tar, 7, messages: /)
  await assert.rejects(bad(['7.json', '{"messages":"["}']), /7, messages: .*JSON text: /)
  await assert.rejects(bad(['7.json', '{}'], ['7.wav', '']), /7: .*known form/)
  await assert.rejects(bad(['7.cls', '1'], ['7.wav', '']), /7, cls: .*labelled recording\n.*shards: PATH/)
  await assert.rejects(bad(), /rows\.tar: expected at least one row/)
})

test('shards are drawn from as a manifest is, and always alike', async () => {
  const source = await manifestSource(await readManifest(fixture('questions.parquet')), { sampleRate: 8000 })
  const draws = [0, 1, 2, 3, 4, 5].map((seed) => source.draw(new Random('draw', seed)))
  assert.deepEqual(new Set(draws.map(({ turns }) => turns[0]?.answer)), new Set(['A dog.', 'Rain.']))
  assert.equal(draws[0]?.samples.length, 400)
})

test('a check reads every audio of shards, labelled or in conversations', async () => {
  const labelled = await checkManifest(fixture('labelled'))
  assert.deepEqual([labelled.rows, labelled.files, labelled.problems], [4, 4, []])
  const tars = await checkManifest(fixture('wds/train-{000..001}.tar'), { minSeconds: 0.1 })
  assert.deepEqual(tars.problems.map(({ part, kind }) => [part, kind]).slice(0, 2), [
    ['a/0000', 'too-short'],
    ['a/0001', 'too-short'],
  ])
  const paths = await checkManifest(fixture('paths.parquet'))
  assert.deepEqual(
    paths.problems.map(({ part, kind }) => [part, kind]),
    [
      ['row 2', 'missing'],
      ['row 3', 'unreadable'],
    ],
  )
  await assert.rejects(
    shard(['7.cls', '1']).then(checkManifest),
    /rows\.tar, 7: expected audio.*got audios, cls/,
  )
})
