import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PalError } from '../errors.js'
import { keepComparison, readComparison } from './kept.js'
import { COMPARISON, writeTinyComparison } from './tiny-comparison.test.helper.js'

test('what a comparison is of is read as it was kept', async () => {
  const folder = await writeTinyComparison()
  assert.deepEqual(await readComparison(folder), COMPARISON)
  // A setting that the recipe did not have was nothing before.
  const added = { ...COMPARISON, changes: [{ key: 'model.lora.rank', before: undefined, after: 4 }] }
  await keepComparison(folder, added)
  assert.deepEqual(await readComparison(folder), added)
})

test('a damaged file is told with what to do about it', async () => {
  const folder = await writeTinyComparison()
  const { seeds: _, ...rest } = COMPARISON
  for (const [text, message] of [
    ['{\n  "name": "tiny"\n', /comparison\.json:2: expected what the comparison is of, as JSON\n/],
    [JSON.stringify(rest), /comparison\.json, seeds: .*expected a list, got none\n/],
    [JSON.stringify({ ...rest, seeds: [] }), /comparison\.json, seeds: /],
    [JSON.stringify({ ...COMPARISON, limit: '60' }), /comparison\.json, limit: /],
    ['[]', /comparison\.json: .*expected an object, got \[\]\n/],
  ] as const) {
    await writeFile(join(folder, 'comparison.json'), text)
    await assert.rejects(readComparison(folder), (error: unknown) => {
      assert.ok(error instanceof PalError)
      assert.match(error.message, message)
      assert.match(error.message, /\nGive the recipe, and this folder with --out: /)
      return true
    })
  }
})
