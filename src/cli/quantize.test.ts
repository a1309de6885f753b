import assert from 'node:assert/strict'
import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { writeTinyModel } from '../model/tiny-model.js'
import { solitary } from '../parallel/ranks.js'
import { register } from './quantize.js'

test('Ctrl-C leaves nothing of what was begun', async () => {
  const interruption = new AbortController()
  interruption.abort()
  const { signal } = interruption
  const command = new Command()
  register(command, { signal, ranks: solitary, exitCode: 0 })
  const out = await mkdtemp(join(tmpdir(), 'pal-cli-quantize-'))
  const quantizing = command.parseAsync([await writeTinyModel(), '--out', out], { from: 'user' })
  await assert.rejects(quantizing, (error) => error === signal.reason)
  assert.deepEqual(await readdir(out), [])
})
