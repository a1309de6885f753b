import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromHuggingFace } from '../llm/from-hugging-face.js'
import { FIXTURES, fixture } from '../llm/reference.test.helper.js'
import { modelConfigSchema } from './config-schema.js'
import { tinyConfig } from './tiny-model.js'

test('a model on top of any family is written and read back as it was', async () => {
  for (const name of FIXTURES) {
    const file = join(fixture(name), 'config.json')
    const config = { ...tinyConfig(), llm: fromHuggingFace(JSON.parse(await readFile(file, 'utf8')), file) }
    assert.deepEqual(modelConfigSchema.parse(JSON.parse(JSON.stringify(config))), config)
  }
})
