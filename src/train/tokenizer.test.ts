import assert from 'node:assert/strict'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveEncoders } from '../model/bases/resolve-plan.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { loadRecipe } from './recipe/load-recipe.js'
import { loadSets, openSources } from './sources.js'
import { TINY_CHANGES, writeTinyRecordings } from './tiny-run.test.helper.js'
import { ownTokenizer } from './tokenizer.js'

const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
const words = (folder: string) => readFile(join(folder, 'tokenizer.json'), 'utf8')

test('embeddings that are taken over bring their tokens with them; an encoder does not', async () => {
  const before = await writeTinyModel()
  const recordings = await writeTinyRecordings()
  const tokenizerOf = async (start: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'pal-tokenizer-'))
    const loaded = await loadRecipe(recipe, [`data.root=${recordings}`, ...TINY_CHANGES, `start=${start}`])
    const config = await resolveEncoders(loaded.recipe.model.encoders)
    const sets = await loadSets(loaded.recipe, 'all', 16_000)
    const sourceOf = await openSources(loaded, { sets, manifests: new Map() }, config)
    await ownTokenizer(folder, loaded, 400, sourceOf)
    return words(join(folder, 'tokenizer'))
  }
  assert.equal(await tokenizerOf(`{ model: ${before} }`), await words(before))
  assert.notEqual(
    await tokenizerOf(`{ model: ${before}, parameters: ['encoders.*.encoder.*'] }`),
    await words(before),
  )
})
