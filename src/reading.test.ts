import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRefusal, readText, readTextIfAny, unreadable } from './reading.js'

const root = await mkdtemp(join(tmpdir(), 'pal-reading-'))
const file = join(root, 'file')
await writeFile(file, 'text')
await symlink('circle', join(root, 'circle'))

test('what cannot be read is told with the reason, and what is missing with what to do', async () => {
  const read = (path: string) => readText(path, 'a recipe', 'Make one.')
  assert.equal(await read(file), 'text')
  for (const [path, message] of [
    [join(root, 'none'), /none: expected a recipe, got no such file\nMake one\.$/],
    [root, /: expected a recipe, got a folder$/],
    [join(file, 'under'), /under: expected a recipe, but a part of this path is a file, not a folder$/],
    [join(root, 'circle'), /circle: expected a recipe, got links that lead to one another$/],
    [join(root, 'x'.repeat(300)), /: expected a recipe, got a name that is too long for a file$/],
  ] as const) {
    await assert.rejects(read(path), { name: 'PalError', message })
  }
  const denied = Object.assign(new Error("EACCES: permission denied, open 'a'"), { code: 'EACCES' })
  assert.match(
    unreadable('a recipe', 'a', denied, 'Make one.').message,
    /^a: expected a recipe, but there is no permission to read it$/,
  )
})

test('a folder that cannot be listed is one of its own', async () => {
  const listed = (path: string) =>
    readdir(path).catch((cause) => {
      throw unreadable('a folder', path, cause)
    })
  await assert.rejects(listed(join(root, 'none')), /none: expected a folder, got no such folder$/)
  await assert.rejects(listed(file), /file: expected a folder, got a file$/)
})

test('what nobody foresaw is told as it was', async () => {
  const error = await readFile('a\0').catch((cause) => cause)
  assert.equal(isRefusal(error), false)
  assert.match(
    unreadable('a recipe', 'a', error).message,
    /^a: expected a recipe that can be read: .*null bytes/,
  )
})

test('a file may be missing, but not be a folder', async () => {
  assert.equal(await readTextIfAny(join(root, 'none'), 'a recipe'), undefined)
  await assert.rejects(readTextIfAny(root, 'a recipe'), /expected a recipe, got a folder/)
})
