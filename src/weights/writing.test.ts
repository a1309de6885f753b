import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PalError } from '../errors.js'
import { writing } from './writing.js'

const details = { file: 'there', hint: 'Elsewhere.' }

test('what the file system refuses is a mistake, and nothing else is', async () => {
  const inFile = join(import.meta.filename, 'x')
  await assert.rejects(
    writing('a copy', details, () => mkdir(inFile)),
    (error) =>
      error instanceof PalError &&
      /^there: expected to write a copy: ENOTDIR.*\nElsewhere\.$/.test(error.message),
  )
  const fault = new TypeError('ours')
  await assert.rejects(
    writing('a copy', details, () => Promise.reject(fault)),
    fault,
  )
  assert.equal(await writing('a copy', details, async () => 7), 7)
})
