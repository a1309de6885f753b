import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from './weights.test.fixtures.js'
import { writeAtomically } from './write-atomically.js'

test('text, bytes and pieces replace the whole file', async () => {
  const path = join(await temporaryFolder(), 'file')
  await writeAtomically(path, 'a longer text')
  await writeAtomically(path, 'tëxt')
  assert.equal(await readFile(path, 'utf8'), 'tëxt')
  await writeAtomically(path, Uint8Array.of(1, 2))
  assert.deepEqual([...(await readFile(path))], [1, 2])
  await writeAtomically(path, [Uint8Array.of(1), Uint8Array.of(2, 3)])
  assert.deepEqual([...(await readFile(path))], [1, 2, 3])
})

test('a write that fails midway leaves the old content and no rubbish', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'file')
  await writeAtomically(path, 'old')
  function* failing() {
    yield Uint8Array.of(1)
    throw new Error('out of numbers')
  }
  await assert.rejects(writeAtomically(path, failing()), /out of numbers/)
  assert.equal(await readFile(path, 'utf8'), 'old')
  assert.deepEqual(await readdir(folder), ['file'])
})
