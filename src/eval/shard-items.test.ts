import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture } from '../data/shards/shards.test.helper.js'
import { shardItems } from './shard-items.js'

test('labelled recordings are asked for their names, among all labels of the shards', async () => {
  const { items, vocabulary } = await shardItems(fixture('labelled/train-*.parquet'), 8000)
  assert.deepEqual(vocabulary.sound, ['dog', 'rain', 'sea waves'])
  assert.deepEqual(
    items.map(({ id, expected, scoring, form }) => [id, expected, scoring, form]),
    [
      ['train-00000-of-00001:1', 'dog', 'name', 'train'],
      ['train-00000-of-00001:2', 'rain', 'name', 'train'],
      ['train-00000-of-00001:3', 'sea waves', 'name', 'train'],
    ],
  )
  assert.equal((await items[2]?.samples())?.samples.length, 400)
})

test('rows with messages ask their own questions', async () => {
  const { items } = await shardItems(fixture('questions.parquet'), 8000)
  assert.deepEqual(
    items.map(({ question, expected }) => [question, expected]),
    [
      ['What is it?', 'A dog.'],
      ['And this?', 'Rain.'],
    ],
  )
  assert.equal(new Set(items.map(({ audio }) => audio)).size, 2)
})

test('recordings without a label are told', async () => {
  await assert.rejects(shardItems(fixture('unlabelled.parquet'), 8000), /unlabelled\.parquet, row 2, label/)
  await assert.rejects(shardItems(fixture('decoded.parquet'), 8000), /column audio: expected audio/)
})
