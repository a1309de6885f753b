import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultModel, findModel, shippedModels } from './find-model.js'

test('a model is named by its folder, or by its name if it ships', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-find-model-'))
  await writeFile(join(folder, 'config.json'), '{}')
  assert.equal(findModel(folder), folder)
  assert.ok(shippedModels().includes(defaultModel))
  assert.equal(findModel(), findModel(defaultModel))
  assert.throws(() => findModel(join(folder, 'none')), /model: expected .*pal-tiny.*\nA model folder holds/)
})

test('a run is told from its model', async () => {
  const run = await mkdtemp(join(tmpdir(), 'pal-find-model-'))
  await mkdir(join(run, 'model'))
  assert.throws(() => findModel(run), /\nA model folder holds/)
  await writeFile(join(run, 'model', 'config.json'), '{}')
  assert.throws(() => findModel(run), {
    name: 'PalError',
    message: new RegExp(`, got "${run}"\\nThis is a run\\. Did you mean ${join(run, 'model')}\\?$`),
  })
})
