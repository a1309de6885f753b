import assert from 'node:assert/strict'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { dataIdentity, drawnSets, listedIdentity } from './data-identity.js'
import { loadRecipe } from './recipe/load-recipe.js'
import { loadSets } from './sources.js'
import { writeTinyRecordings } from './tiny-run.test.helper.js'

test('a run of before sources were named is one of the same recipe, to the letter', async () => {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const text = await readFile(file, 'utf8')
  const before = join(await mkdtemp(join(tmpdir(), 'pal-recipe-')), 'before.yaml')
  await writeFile(before, text.replace('source: freesound_id, ', ''))
  const [now, then] = await Promise.all(
    [file, before].map(async (path) => (await loadRecipe(path)).recipe.data),
  )
  assert.equal(now?.sets.esc10?.source, 'freesound_id')
  assert.equal(JSON.stringify(drawnSets(now.sets)), JSON.stringify(then?.sets))
})

test('lists say of data what it is, decoded or not', async () => {
  const file = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const loaded = await loadRecipe(file, [`data.root=${await writeTinyRecordings()}`])
  const sets = await loadSets(loaded.recipe, 'all', 16_000)
  assert.equal(await listedIdentity(loaded), dataIdentity(loaded.recipe, { sets, manifests: new Map() }))
})
