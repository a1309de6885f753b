import assert from 'node:assert/strict'
import { test } from 'node:test'
import { au } from '../../audio/sounds.test.helper.js'
import { encodeWav } from '../../audio/write-wav.js'
import { judge } from '../score.js'
import { folderOf, readLayout as read } from './layout.test.helper.js'

const wav = encodeWav(
  Float32Array.from({ length: 1600 }, (_, n) => 0.2 * Math.sin(0.1 * n)),
  16_000,
)

test('FSD50K: the evaluation split, or the one whose list is named', async () => {
  const truth = 'FSD50K.ground_truth'
  const folder = await folderOf({
    [`${truth}/vocabulary.csv`]: '0,Accordion,/m/0mkg\n1,Electric_guitar,/m/02sgy\n2,Music,/m/04rlf\n',
    [`${truth}/eval.csv`]: 'fname,labels,mids\n37199,"Electric_guitar,Music","/m/02sgy,/m/04rlf"\n',
    [`${truth}/dev.csv`]: 'fname,labels,mids,split\n64760,Accordion,/m/0mkg,train\n',
    'FSD50K.eval_audio/37199.wav': wav,
  })
  const { items, vocabulary } = await read(`fsd50k:${folder}`)
  const [item] = items
  assert.deepEqual([item?.tags, vocabulary.sound.length], [['Electric guitar', 'Music'], 3])
  assert.deepEqual([item?.id, item?.scoring, item?.expected], ['37199', 'tags', 'Electric guitar, Music'])
  assert.deepEqual(item?.closed, {
    candidates: ['Accordion.', 'Electric guitar.', 'Music.'],
    correct: ['Electric guitar.', 'Music.'],
  })
  assert.equal((await item!.samples()).samples.length, 1600)
  const dev = await read(`fsd50k:${folder}/${truth}/dev.csv`)
  assert.match(dev.items[0]!.audio, /FSD50K\.dev_audio.64760\.wav$/)
  await assert.rejects(dev.items[0]!.samples(), /64760\.wav/)
})

const audiosetFiles = {
  'class_labels_indices.csv':
    'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/t/dd00088,"Gush"\n2,/m/xx,"Domestic sounds, home sounds"\n',
  'eval_segments.csv': [
    '# Segments csv created Sun Mar  5 10:54:25 2017',
    '# num_ytids=2, num_segs=2',
    '# YTID, start_seconds, end_seconds, positive_labels',
    '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"',
    '-0RWZT-miFs, 420.000, 430.000, "/m/xx"',
  ].join('\n'),
}

test('AudioSet: clips anywhere below, by any of the names in use', async () => {
  const names = [
    ...['--PJHxphWEs', 'Y--PJHxphWEs', '--PJHxphWEs_30', '--PJHxphWEs_000030', '--PJHxphWEs_30000'],
    ...['--PJHxphWEs_30000_40000', '--PJHxphWEs_30_40', 'Y--PJHxphWEs_30.000_40.000'],
  ]
  for (const name of names) {
    const folder = await folderOf({ ...audiosetFiles, [`audio/eval/${name}.wav`]: wav })
    const { items, vocabulary } = await read(`audioset:${folder}`)
    assert.deepEqual(vocabulary.sound, ['Speech', 'Gush', 'Domestic sounds, home sounds'])
    assert.deepEqual(
      items.map(({ tags }) => tags),
      [['Speech', 'Gush'], ['Domestic sounds, home sounds']],
    )
    assert.deepEqual(
      items.map(({ closed }) => closed?.correct),
      [['Speech.', 'Gush.'], ['Domestic sounds, home sounds.']],
    )
    assert.equal((await items[0]!.samples()).samples.length, 1600, name)
    await assert.rejects(items[1]!.samples(), /-0RWZT-miFs\.wav: expected an audio file/)
  }
})

test('AudioSet: what is ambiguous or unknown is said', async () => {
  const twice = await folderOf({ ...audiosetFiles, 'a/--PJHxphWEs.wav': wav, 'b/Y--PJHxphWEs.flac': wav })
  await assert.rejects(read(`audioset:${twice}`), /expected one recording of "--PJHxphWEs", got .*Y--PJ/)
  const strange = await folderOf({ ...audiosetFiles, 'eval_segments.csv': 'abc, 0.000, 10.000, "/m/zz"\n' })
  await assert.rejects(read(`audioset:${strange}`), /eval_segments\.csv:1: expected a label .* got "\/m\/zz"/)
})

test('VGGSound: its test split, and the labels of all', async () => {
  const folder = await folderOf({
    'vggsound.csv': [
      '---g-f_I2yQ,1,people marching,test',
      '--0PQM4-hqg,30,waterfall burbling,train',
      '--56QUhyDQM,185,"vehicle horn, car horn, honking",test',
    ].join('\n'),
    'clips/---g-f_I2yQ_000001.flac': wav,
  })
  const { items, vocabulary } = await read(`vggsound:${folder}`)
  assert.deepEqual(
    items.map(({ expected }) => expected),
    ['people marching', 'vehicle horn, car horn, honking'],
  )
  assert.equal(vocabulary.sound.length, 3)
  assert.deepEqual(items[0]?.closed?.correct, ['People marching.'])
  assert.equal((await items[0]!.samples()).samples.length, 1600, 'formats go by content')
})

test('AudioCaps: the captions of one clip are one question', async () => {
  const folder = await folderOf({
    'test.csv': [
      'audiocap_id,youtube_id,start_time,caption',
      '103549,7fmOlUlwoNg,20,Constant rattling noise',
      '103548,7fmOlUlwoNg,20,"A rattling noise, and sharp vibrations"',
      '103541,6BJ455B1aAs,0,A rocket flies by',
    ].join('\n'),
    'test/7fmOlUlwoNg_20.wav': wav,
    'test/103541.wav': wav,
  })
  const { items } = await read(`audiocaps:${folder}`)
  assert.deepEqual(
    items.map(({ id, expected, accept }) => [id, expected, accept]),
    [
      ['7fmOlUlwoNg_20', 'Constant rattling noise', ['A rattling noise, and sharp vibrations']],
      ['6BJ455B1aAs_0', 'A rocket flies by', []],
    ],
  )
  for (const item of items) assert.equal((await item.samples()).samples.length, 1600)
})

test('GTZAN: a thousand excerpts, there or not', async () => {
  const folder = await folderOf({ 'genres_original/hiphop/hiphop.00099.wav': wav })
  const { items, vocabulary } = await read(`gtzan:${folder}`)
  assert.equal(items.length, 1000)
  const item = items.find(({ id }) => id === 'hiphop.00099')!
  assert.deepEqual([item.expected, item.closed?.correct], ['hip hop', ['Hip hop.']])
  for (const answer of ['Hiphop.', 'This is hiphop.', 'Hip-hop']) {
    assert.deepEqual(judge(item, answer, vocabulary), { right: true, offFormat: false }, answer)
  }
  assert.equal((await item.samples()).samples.length, 1600)
  assert.equal(vocabulary.sound.length, 10)
  await assert.rejects(items[0]!.samples(), /blues\.00000\.wav/)
})

test('GTZAN as it was first published, in AU', async () => {
  const folder = await folderOf({ 'genres/blues/blues.00000.au': au(Buffer.alloc(22_050, 1)) })
  const { items } = await read(`gtzan:${folder}`)
  assert.equal((await items[0]!.samples()).samples.length, 8000)
})

test('NSynth: the family of each note’s instrument', async () => {
  const note = { note: 1, instrument_family_str: 'synth_lead', instrument_source_str: 'synthetic', pitch: 60 }
  const folder = await folderOf({
    'examples.json': JSON.stringify({ 'synth_lead_synthetic_001-060-050': note }),
    'audio/synth_lead_synthetic_001-060-050.wav': wav,
  })
  const { items } = await read(`nsynth:${folder}`)
  assert.deepEqual([items[0]?.expected, items[0]?.form], ['synth lead', 'synthetic'])
  assert.equal((await items[0]!.samples()).samples.length, 1600)
  const wrong = await folderOf({
    'examples.json': JSON.stringify({ x: { ...note, instrument_family_str: 'theremin' } }),
  })
  await assert.rejects(
    read(`nsynth:${wrong}`),
    /examples\.json, x\.instrument_family_str: expected a family of instruments/,
  )
})
