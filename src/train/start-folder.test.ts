import assert from 'node:assert/strict'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { startFolder } from './start-folder.js'

test('a model to start from is a folder beside the recipe, or one that ships', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-start-'))
  const recipe = { file: join(folder, 'recipe.yaml') }
  assert.equal(startFolder(recipe, 'pal-tiny'), join(packageFolder(), 'models', 'pal-tiny'))
  assert.throws(
    () => startFolder(recipe, 'runs/none'),
    /recipe\.yaml, start\.model: expected the folder of a model, .*\(pal-smollm2-135m, pal-tiny\), got "runs\/none"$/,
  )
  await mkdir(join(folder, 'pal-tiny'))
  assert.equal(startFolder(recipe, 'pal-tiny'), join(folder, 'pal-tiny'))
})
