import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture, toneOf } from '../shards/shards.test.helper.js'
import type { ShardSet } from './clip-set.js'
import { loadClips } from './load-clips.js'
import { readClips } from './read-clips.js'

const set: ShardSet = { name: 'esc', shards: 'labelled', audio: 'audio', label: 'label', kind: 'sound' }
const read = (changes: Partial<ShardSet>) => readClips({ ...set, ...changes }, fixture('.'))

test('labelled rows are clips, their group the split or a column', async () => {
  const clips = await read({ labels: { sea_waves: 'sea waves' } })
  assert.deepEqual(
    clips.map(({ label, group, number, place }) => [label, group, number, place.part]),
    [
      ['dog', 'test', 1, 'row 1'],
      ['dog', 'train', 2, 'row 1'],
      ['rain', 'train', 3, 'row 2'],
      ['sea waves', 'train', 4, 'row 3'],
    ],
  )
  await assert.rejects(
    read({ labels: { see_waves: 'sea waves' } }),
    /labelled, data\.sets\.esc\.labels: expected a label of the clips \(dog, rain, sea_waves\), got "see_waves"$/,
  )
  assert.equal(await toneOf(clips.find(({ group }) => group === 'test')?.audio), 3)
  const byFold = await read({ shards: 'labelled/train-*.parquet', group: 'fold' })
  assert.deepEqual(
    byFold.map(({ group }) => group),
    ['1', '1', '2'],
  )
})

test('a column of the shards may say which recording a clip was cut from', async () => {
  const clips = await read({ shards: 'labelled/train-*.parquet', source: 'fold' })
  assert.deepEqual(
    clips.map(({ source }) => source),
    ['1', '1', '2'],
  )
})

test('labelled samples of tar shards are clips', async () => {
  const clips = await read({ shards: 'wds/train-{000..001}.tar', label: 'cls', group: 'fold', kind: 'digit' })
  assert.deepEqual(
    clips.map(({ label, group }) => [label, group]),
    [
      ['zero', '0'],
      ['one', '0'],
      ['two', '1'],
    ],
  )
  const loaded = await loadClips(clips, { sampleRate: 8000 })
  assert.deepEqual(
    loaded.map(({ samples }) => samples.length),
    [400, 400, 400],
  )
})

test('mistakes name shard, row and column', async () => {
  await assert.rejects(
    read({ label: 'category' }),
    /parquet, row 1, category: .*there are: fold, label, audio/,
  )
  await assert.rejects(read({ audio: 'sound' }), /expected a column "sound", got audio, fold, label/)
  await assert.rejects(read({ audio: 'fold' }), /column fold: expected audio.*got INT64/)
  await assert.rejects(
    read({ shards: 'unlabelled.parquet' }),
    /unlabelled\.parquet, row 2, label: .*got nothing/,
  )
  await assert.rejects(
    read({ shards: 'wds', label: 'flac', audio: 'cls' }),
    /train-000\.tar, a\/0000, cls: .*audio/,
  )
  const paths = await read({ shards: 'paths.parquet', label: 'messages' })
  await assert.rejects(loadClips(paths), /paths\.parquet, row 2: expected audio that can be read: /)
})
