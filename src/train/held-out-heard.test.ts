import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { heldOutHeard } from './held-out-heard.js'

test('of a stage’s model only stages count that it has been through, and what cannot be read says nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-heard-'))
  assert.deepEqual(await heldOutHeard(folder), [])
  const recipe = 'stages:\n  - { name: general }\n  - { name: everything, hears: all }\n'
  await writeFile(join(folder, 'recipe.yaml'), recipe)
  assert.deepEqual(await heldOutHeard(folder), ['everything'])
  const training = (...names: readonly string[]) =>
    writeFile(join(folder, 'training.json'), JSON.stringify({ stages: names.map((name) => ({ name })) }))
  await training('general', 'everything')
  assert.deepEqual(await heldOutHeard(folder), ['everything'])
  await training('general')
  assert.deepEqual(await heldOutHeard(folder), [])
  await writeFile(join(folder, 'recipe.yaml'), 'stages: [')
  assert.deepEqual(await heldOutHeard(folder), [])
})

test('a model that ships without its recipe names it', async () => {
  const [model, recipes] = ['models/pal-tiny', 'recipes'].map((path) => join(packageFolder(), path))
  assert.deepEqual(await heldOutHeard(model!, join(recipes!, 'pal-tiny.yaml')), ['everything'])
  assert.deepEqual(await heldOutHeard(model!, join(recipes!, 'compare-tiny.yaml')), [])
  assert.deepEqual(await heldOutHeard(model!), [])
})
