import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { PalError } from './errors.js'
import { readOwnJson } from './own-json.js'

test('a damaged file is told by its line where it is no JSON, by its key where it says something else, and one that is missing', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'pal-json-')), 'sizes.json')
  const schema = z.strictObject({ sizes: z.array(z.number()) })
  const read = async (text: string) => {
    await writeFile(file, text)
    return readOwnJson(file, schema, 'sizes', 'Measure again.')
  }
  assert.deepEqual(await read('{"sizes": [1, 2]}'), { sizes: [1, 2] })
  for (const [text, details] of [
    ['{\n"sizes": [1, 2]\n', { line: 2 }],
    ['{\n"sizes": [1, 2]}\n}\n', { line: 3 }],
    ['', { line: 1 }],
    ['{"sizes": [1, "2"]}', { key: 'sizes.1' }],
    ['{}', { key: 'sizes' }],
    ['2', {}],
  ] as const) {
    await assert.rejects(read(text), (error: unknown) => {
      assert.ok(error instanceof PalError)
      const { cause: _, ...told } = error.details
      assert.deepEqual(told, { file, hint: 'Measure again.', ...details })
      return true
    })
  }
  await rm(file)
  await assert.rejects(readOwnJson(file, schema, 'sizes', 'Measure again.'), {
    name: 'PalError',
    message: `${file}: expected sizes, got no such file\nMeasure again.`,
  })
})
