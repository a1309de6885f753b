import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { isShards, shardFiles, shardNames, splitOfShard } from './shard-files.js'
import { folder } from './shards.test.helper.js'

async function shards(...names: string[]): Promise<string> {
  const root = await folder()
  for (const name of names) {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), '')
  }
  return root
}
const names = async (path: string) => (await shardFiles(path)).map((file) => basename(file))

test('a shard, a folder, a range, a list and a pattern mean files in order', async () => {
  const root = await shards('t-08.tar', 't-09.tar', 't-10.tar', 'readme.md', 'sub/v-1.tar')
  assert.deepEqual(await names(join(root, 't-09.tar')), ['t-09.tar'])
  assert.deepEqual(await names(root), ['t-08.tar', 't-09.tar', 't-10.tar'])
  assert.deepEqual(await names(join(root, 't-{08..10}.tar')), ['t-08.tar', 't-09.tar', 't-10.tar'])
  assert.deepEqual(await names(join(root, '{t-10,sub/v-1}.tar')), ['t-10.tar', 'v-1.tar'])
  assert.deepEqual(await names(join(root, 't-?{8,9}.tar')), ['t-08.tar', 't-09.tar'])
  assert.deepEqual(await names(join(root, '*/v-*.tar')), ['v-1.tar'])
})

test('what is no shard, or not there, is told', async () => {
  const root = await shards('t-0.tar', 'a.parquet', 'x.tar.gz')
  await assert.rejects(shardFiles(join(root, 't-{0..1}.tar')), /t-1\.tar: expected shards, got no such file/)
  await assert.rejects(shardFiles(join(root, 'no-*.tar')), /no-\*\.tar: .*no such file/)
  await assert.rejects(shardFiles(root), /in the folder, got both\nSay which/)
  await assert.rejects(shardFiles(await shards()), /in the folder, got none/)
  await assert.rejects(shardFiles(join(root, 'x.tar.gz')), /x\.tar\.gz: .*\.parquet or \.tar file\n.*unpack/)
  await assert.rejects(shardFiles(join(root, 't-{0}.tar')), /a range such as .* got \{0\}/)
  await assert.rejects(shardFiles(join(root, 't-{9..0}.tar')), /1 to 100000 shards, got \{9\.\.0\}/)
  await assert.rejects(shardFiles(join(root, 't-{0..99999999}.tar')), /1 to 100000 shards/)
})

test('shards are told from manifests and recipes by their ending, or as a folder', async () => {
  const root = await shards('a.jsonl')
  const paths = [root, 'x.parquet', 'x-{0..9}.tar', '*.tar.gz', join(root, 'a.jsonl'), 'recipe.yaml']
  assert.deepEqual(await Promise.all(paths.map(isShards)), [true, true, true, true, false, false])
})

test('a shard is of the split that its name begins with', () => {
  const files = [
    'train-00000-of-00004.parquet',
    'd/test-000.tar',
    'validation.parquet',
    '000.tar',
    'esc_50_07.tar',
  ]
  assert.deepEqual(files.map(splitOfShard), ['train', 'test', 'validation', '000', 'esc_50'])
})

test('shards that are called alike are told apart by their folders', () => {
  assert.deepEqual(shardNames(['/a/b/t-0.tar', '/a/c/t-1.tar']), ['t-0', 't-1'])
  assert.deepEqual(shardNames(['/a/b/t.tar', '/a/c/d/t.tar', '/a/t.tar']), ['b/t', 'c/d/t', 't'])
})
