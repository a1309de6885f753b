import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { all, fixture, folder, tarEnd, tarMember, toneOf } from './shards.test.helper.js'
import { tarRecords } from './tar-records.js'

async function records(...members: [string, string][]) {
  const path = join(await folder(), 'train-007.tar')
  await writeFile(path, Buffer.concat([...members.map(([name, text]) => tarMember(name, text)), tarEnd]))
  return all(tarRecords(path))
}

test("webdataset's samples have their texts, their JSON's keys and their audio", async () => {
  const [first, second] = await all(tarRecords(fixture('wds/train-000.tar')))
  assert.deepEqual(first?.fields, {
    audios: ['flac'],
    cls: '0',
    fold: 0,
    flac: 'flac',
    audio: 'flac',
  })
  assert.deepEqual([first?.labelField, first?.split, first?.id], ['cls', 'train', 'train-000:a/0000'])
  assert.equal(await toneOf(first?.audios.get('flac')), 0)
  assert.equal(await toneOf(second?.audios.get('a/0001.flac')), 1)
  const [long] = await all(tarRecords(fixture('wds/train-001.tar')))
  assert.equal(await toneOf(long?.audios.get('flac')), 2)
})

test('a text labels what has no class, and what an archiver left is no sample', async () => {
  const found = await records(
    ['._0.txt', 'x'],
    ['0.txt', ' A dog. \n'],
    ['0.wav', ''],
    ['__meta__.json', '?'],
  )
  assert.deepEqual(
    found.map(({ fields, labelField }) => [fields.txt, labelField]),
    [['A dog.', 'txt']],
  )
})

test('mistakes name the shard and the member', async () => {
  await assert.rejects(records(['README', 'x']), /train-007\.tar, README: .*KEY\.EXTENSION/)
  await assert.rejects(records(['0.txt', 'x'], ['0.txt', 'y']), /tar, 0\.txt: expected one member/)
  await assert.rejects(records(['0.txt', ''], ['1.txt', ''], ['0.wav', '']), /0\.wav: .*side by side/)
  await assert.rejects(records(['0.json', '{']), /tar, 0\.json: expected JSON: /)
  await assert.rejects(records(['0.json', '[1]']), /tar, 0\.json: expected a JSON object/)
})
