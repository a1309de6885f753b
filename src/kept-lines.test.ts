import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { keepLines, mendKeptLines, readKeptLines } from './kept-lines.js'

const NUMBERED = { schema: z.looseObject({ n: z.number() }), what: 'a number', lost: 'it is drawn again' }

async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'pal-kept-lines-')), 'numbers.jsonl')
  await writeFile(file, text)
  return file
}

test('whoever reads leaves the file alone, in which another may be writing its last line', async () => {
  const file = await fileOf('{"n":1}\n{"n":2,"more":0}\n{"n":')
  const before = await stat(file)
  assert.deepEqual(await readKeptLines(file, NUMBERED), [{ n: 1 }, { n: 2, more: 0 }])
  const after = await stat(file)
  assert.deepEqual([after.ino, after.size, after.mtimeMs], [before.ino, before.size, before.mtimeMs])
  await appendFile(file, '3}\n')
  assert.equal((await readKeptLines(file, NUMBERED)).length, 3)
})

test('whoever goes on writing cuts off what a kill has cut', async () => {
  const file = await fileOf('{"n":1}\n{"n":')
  await mendKeptLines(file)
  await keepLines(file, [{ n: 2 }])
  assert.equal(await readFile(file, 'utf8'), '{"n":1}\n{"n":2}\n')
  const whole = await stat(file)
  await mendKeptLines(file)
  assert.equal((await stat(file)).ino, whole.ino, 'a whole one is not written anew')
})

test('nothing was kept where there is no file', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'pal-kept-lines-')), 'none.jsonl')
  assert.deepEqual(await readKeptLines(file, NUMBERED), [])
  await mendKeptLines(file)
  assert.deepEqual(await readKeptLines(file, NUMBERED), [])
})

test('a line that is damaged is told by its number', async () => {
  await assert.rejects(
    readKeptLines(await fileOf('{"n":1}\n{"n":\n{"n":3}\n'), NUMBERED),
    /numbers\.jsonl:2: expected a number, as JSON\nRemove this line: it is drawn again\.$/,
  )
  await assert.rejects(
    readKeptLines(await fileOf('{"n":1}\n\n{"n":"3"}\n'), NUMBERED),
    /numbers\.jsonl:3, n: expected a number, got "3"\n/,
  )
})
