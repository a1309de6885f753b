import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadKoffi } from './load-koffi.js'

test('it is there', async () => {
  assert.equal((await loadKoffi()).sizeof('int32_t'), 4)
})

test('where its binaries were not installed, a mistake says what to do', async () => {
  const missing = () => Promise.reject(new Error('Cannot find the native Koffi module'))
  await assert.rejects(loadKoffi(missing), {
    name: 'PalError',
    message:
      /^expected the package koffi, .*: Cannot find the native Koffi module\nInstall again, .*optional/,
  })
})
