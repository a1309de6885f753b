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

test('a patch transformer whose sizes do not fit together is refused by the key', () => {
  const config = tinyConfig()
  const [named] = config.encoders
  for (const [change, said] of [
    [{ patchBins: 7 }, /a divisor of melBins/],
    [{ heads: 5 }, /a divisor of hiddenSize/],
    [{ strideFrames: 99 }, /at most patchFrames/],
    [{ stem: [2, 2, 2, 2, 2, 2, 2] }, /a multiple of 128/],
  ] as const) {
    const encoders = [{ ...named, encoder: { ...named?.encoder, ...change } }]
    const { error } = modelConfigSchema.safeParse({ ...config, encoders })
    assert.match(error?.issues[0]?.message ?? 'no error', said)
  }
})
