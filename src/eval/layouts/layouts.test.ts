import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { judge } from '../score.js'
import { layoutOf } from './index.js'
import { folderOf, readLayout as read } from './layout.test.helper.js'
import { writeTinyEsc50 } from './tiny-esc50.test.helper.js'

test('only known layouts are taken for one', () => {
  assert.equal(layoutOf('recipes/pal-tiny.yaml'), undefined)
  assert.equal(layoutOf('C:/questions.jsonl'), undefined)
  assert.ok(layoutOf('esc50:folder'))
})

test('the name of no layout is told with those that there are, unless it is the beginning of a file', async () => {
  assert.throws(
    () => layoutOf('esc:/x'),
    /^PalError: esc:\/x: expected a file, or one of audiocaps, .*, vggsound before the colon, got "esc"\nLayouts are/,
  )
  assert.throws(() => layoutOf('mmuu:x.json'), /got "mmuu"/)
  process.chdir(await folderOf({ 'day:2.jsonl': '' }))
  for (const text of ['day:2.jsonl', 'https://example.org/x.jsonl', 'day:?/x-*.parquet', 'day:{1..2}.tar']) {
    assert.equal(layoutOf(text), undefined)
  }
})

test('ESC-50', async () => {
  const { items, vocabulary } = await read(`esc50:${await writeTinyEsc50()}`)
  const [first] = items
  assert.deepEqual([first?.task, first?.scoring, first?.expected], ['esc50', 'name', 'vacuum cleaner'])
  assert.equal(first?.source, 'src_file 17367')
  assert.deepEqual(vocabulary.sound, ['rain', 'vacuum cleaner'])
  assert.ok((await first!.samples()).samples.length > 1000)
  assert.ok(judge(first!, 'The noise of a vacuum cleaner.', vocabulary).right, 'noise is none of its labels')
})

test('Clotho', async () => {
  const header = 'file_name,caption_1,caption_2,caption_3,caption_4,caption_5'
  const row = 'Santa Motor.wav,"A machine, whining",two,three,four,five'
  const folder = await folderOf({ 'clotho_captions_evaluation.csv': `${header}\r\n${row}\r\n` })
  const { items } = await read(`clotho:${folder}`)
  const [item] = items
  assert.equal(item?.audio, join(folder, 'evaluation', 'Santa Motor.wav'))
  assert.deepEqual([item?.expected, item?.accept], ['A machine, whining', ['two', 'three', 'four', 'five']])
  await writeFile(join(folder, 'clotho_captions_evaluation.csv'), `${header}\na.wav,one,two,,four,five\n`)
  await assert.rejects(read(`clotho:${folder}`), /evaluation.csv:2, caption_3: expected a value/)
})

test('LibriSpeech', async () => {
  const folder = await folderOf({
    '84/121123/84-121123.trans.txt': '84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT IN LESS\n',
    '174/50561/174-50561.trans.txt': '174-50561-0000 FORGOTTEN TOO\n',
  })
  const { items } = await read(`librispeech:${folder}`)
  assert.deepEqual(
    items.map(({ id }) => id),
    ['174-50561-0000', '84-121123-0000', '84-121123-0001'],
  )
  assert.equal(items[1]?.audio, join(folder, '84', '121123', '84-121123-0000.flac'))
  await assert.rejects(
    read(`librispeech:${join(folder, '84', 'none')}`),
    /none: expected a folder, got no such folder/,
  )
})

const question = { id: 'x', question: 'Who speaks?', choices: ['Man', 'Woman'], answer: 'Woman' }

test('MMAU', async () => {
  const rows = [
    {
      ...question,
      audio_id: './test-mini-audios/x.wav',
      task: 'speech',
      difficulty: 'easy',
      'sub-category': 'Counting',
      category: '',
    },
  ]
  const folder = await folderOf({ 'mmau.json': JSON.stringify(rows) })
  const { items } = await read(`mmau:${join(folder, 'mmau.json')}`)
  const [item] = items
  assert.equal(item?.question, 'Who speaks? Choose one: (A) Man (B) Woman')
  assert.deepEqual([item?.form, item?.expected, item?.choices], ['speech', 'Woman', ['Man', 'Woman']])
  assert.deepEqual(item?.facets, { 'sub-category': 'Counting', difficulty: 'easy' })
  assert.equal(item?.audio, join(folder, 'test-mini-audios', 'x.wav'))
  const withheld = JSON.stringify([{ ...rows[0], answer: undefined }])
  await writeFile(join(folder, 'mmau.json'), withheld)
  await assert.rejects(read(`mmau:${join(folder, 'mmau.json')}`), /row 1, answer: expected the right answer/)
})

test('MMAR, as lines or as a list', async () => {
  const row = {
    ...question,
    audio_path: './audio/x.wav',
    modality: 'mix-sound-speech',
    category: 'Signal Layer',
  }
  const wrong = { ...row, answer: 'Child' }
  const folder = await folderOf({
    'MMAR-meta.jsonl': `${JSON.stringify(row)}\n`,
    'MMAR-meta.json': JSON.stringify([row], null, 2),
    'wrong.jsonl': JSON.stringify(wrong),
    'wrong.json': JSON.stringify([row, wrong]),
    'cut.json': '[{"id": ',
    'cut.jsonl': '\n{"id": ',
  })
  const all = (name: string) => read(`mmar:${join(folder, name)}`)
  for (const name of ['MMAR-meta.jsonl', 'MMAR-meta.json']) {
    const { items } = await all(name)
    assert.equal(items.length, 1, name)
    assert.deepEqual(items[0]?.facets, { category: 'Signal Layer' })
    assert.deepEqual([items[0]?.form, items[0]?.audio], ['mix-sound-speech', join(folder, 'audio', 'x.wav')])
  }
  await assert.rejects(all('wrong.jsonl'), /wrong\.jsonl:1, answer: expected one of Man, Woman/)
  await assert.rejects(all('wrong.json'), /wrong\.json, row 2, answer: expected one of Man, Woman/)
  await assert.rejects(all('cut.json'), /cut\.json: expected JSON: /)
  await assert.rejects(all('cut.jsonl'), /cut\.jsonl:2: expected JSON: /)
})
