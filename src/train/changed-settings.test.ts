import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { packageFolder } from '../package-folder.js'
import { changedSettings } from './changed-settings.js'
import { keptRecipe, RECIPE } from './origin.js'
import { loadRecipe } from './recipe/load-recipe.js'

const { recipe } = await loadRecipe(join(packageFolder(), 'recipes', 'pal-tiny.yaml'))
const text = stringify(keptRecipe(recipe, undefined))

async function changed(kept: string | undefined, now = recipe) {
  const folder = await mkdtemp(join(tmpdir(), 'pal-run-'))
  if (kept !== undefined) await writeFile(join(folder, RECIPE), kept)
  return changedSettings(folder, now, undefined)
}

test('what a run was started with is told from what it is now', async () => {
  assert.deepEqual(await changed(text), [])
  assert.deepEqual(await changed(text, { ...recipe, seed: 2 }), ['seed 2 instead of 1'])
})

test('of a kept recipe that is damaged, or missing, no settings are told', async () => {
  for (const damaged of [`${text}\n  a: [`, '\tname: pal-tiny', '', undefined]) {
    assert.deepEqual(await changed(damaged, { ...recipe, seed: 2 }), [])
  }
})

test('that there are no sets is no change, whether an older run kept it or a newer one did not', async () => {
  const bare = { ...recipe, data: { ...recipe.data, sets: {} } }
  const kept = keptRecipe(bare, undefined)
  assert.ok(!('data' in kept))
  for (const before of [kept, { ...kept, data: { sets: {} } }]) {
    assert.deepEqual(await changed(stringify(before), bare), [])
    const told = await changed(stringify(before))
    assert.deepEqual(
      told.map((change) => change.split(' ')[0]),
      ['data.sets.esc10', 'data.sets.digits', 'data.sets.drums'],
    )
  }
})
