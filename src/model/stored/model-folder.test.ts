import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { PalError } from '../../errors.js'
import { KeyValueCache } from '../../llm/kv-cache.js'
import { Runtime, type WeightSource } from '../../runtime/runtime.js'
import { LanguageModel } from '../answering/language-model.js'
import { modelParameters } from '../network/parameters.js'
import { tinyConfig, tinyWeights, writeTinyModel } from '../tiny-model.js'
import { openModel, saveModel } from './model-folder.js'

const config = tinyConfig()
const drawn = tinyWeights(config)

test('saved and opened again: the same weights in place, the same logits', async () => {
  const opened = await openModel(await writeTinyModel())
  assert.deepEqual(opened.config, { name: 'tiny', sampleRate: 8000, trainedSeconds: 1.28, model: config })
  const place = opened.weights('llm.model.embed_tokens.weight')!
  assert.ok('file' in place, 'float32 stays in its file')
  const logits = await logitsOf((name) => drawn.get(name))
  assert.deepEqual(await logitsOf(opened.weights), logits)
})

test('half precision is widened', async () => {
  const opened = await openModel(await writeTinyModel({ dtype: 'F16' }))
  const logits = await logitsOf(opened.weights)
  const exact = await logitsOf((name) => drawn.get(name))
  const worst = Math.max(...logits.map((value, i) => Math.abs(value - exact[i]!)))
  assert.ok(worst > 0 && worst < 0.02, `${worst}`)
})

test('the folder has a card', async () => {
  const card = await readFile(join(await writeTinyModel(), 'README.md'), 'utf8')
  assert.match(card, /# tiny\n/)
  assert.match(card, /PAL, 3 summary tokens by PLITS, all tokens by LAL/)
})

describe('mistakes are told by file and key', () => {
  let folder: string
  before(async () => {
    folder = await writeTinyModel()
  })

  const configs: readonly [name: string, change: (json: Json) => void, message: RegExp][] = [
    [
      'unknown key',
      (json) => Object.assign(json.model.llm, { extra: 1 }),
      /config\.json, model\.llm: .*extra/,
    ],
    [
      'wrong type',
      (json) => Object.assign(json.model.llm, { layers: 'two' }),
      /model\.llm\.layers: .*expected/,
    ],
    ['later version', (json) => Object.assign(json, { version: 2 }), /version: expected version 1/],
    ['other format', (json) => Object.assign(json, { format: 'llama' }), /format: .*expected "pal-audio"/],
    [
      'rates that differ',
      (json) => Object.assign(json, { sampleRate: 16000 }),
      /model\.encoders\.0\.encoder\.sampleRate: expected the model's sample rate, 16000 Hz, got 8000/,
    ],
    [
      'more layers than any model has, at once',
      (json) => Object.assign(json.model.llm, { layers: 3_000_000 }),
      /config\.json, model\.llm\.layers: expected at most 1000 layers, got 3000000$/,
    ],
    [
      'a fingerprint that is a path',
      (json) => Object.assign(json, { bases: { llm: { name: 'base', sha256: '../model.safetensors' } } }),
      /config\.json, bases\.llm\.sha256: expected a fingerprint, 64 hexadecimal digits, got "\.\.\/model\.safetensors"$/,
    ],
    [
      'an endless fingerprint of an encoder',
      (json) =>
        Object.assign(json, { bases: { encoders: { general: { name: 'base', sha256: 'a'.repeat(999) } } } }),
      /bases\.encoders\.general\.sha256: .* got "a{80}"$/,
    ],
    [
      'fewer embeddings than tokens',
      (json) => Object.assign(json.model.llm, { vocabularySize: 299 }),
      /llm\.model\.embed_tokens\.weight: expected shape \[299, 32\], got \[300, 32\]/,
    ],
    [
      'a layer more than there are weights for',
      (json) => Object.assign(json.model.llm, { layers: 3 }),
      /model\.safetensors: expected the tensors .* missing: llm\.model\.layers\.2\..* and \d+ more/,
    ],
    [
      'a layer less',
      (json) => Object.assign(json.model.llm, { layers: 1 }),
      /model\.safetensors: expected only the tensors .* unknown: llm\.model\.layers\.1\./,
    ],
  ]
  for (const [name, change, message] of configs) {
    test(name, async () => {
      const file = join(folder, 'config.json')
      const text = await readFile(file, 'utf8')
      const json = JSON.parse(text) as Json
      change(json)
      await writeFile(file, JSON.stringify(json))
      await assert.rejects(openModel(folder), fault(message))
      await writeFile(file, text)
    })
  }

  test('no JSON, no tokenizer, no weights', async () => {
    const broken = await writeTinyModel()
    await rm(join(broken, 'tokenizer.json'))
    await assert.rejects(openModel(broken), fault(/tokenizer\.json: expected a tokenizer/))
    await rm(join(broken, 'model.safetensors'))
    await assert.rejects(openModel(broken), fault(/model\.safetensors: expected a safetensors file/))
    await writeFile(join(broken, 'config.json'), '{')
    await assert.rejects(openModel(broken), fault(/config\.json: expected the configuration of a model/))
  })

  test('saving numbers that do not fill their shape', async () => {
    const parameters = [{ name: 'a', shape: [2, 2], data: new Float32Array(3) }]
    const description = { name: 'bad', sampleRate: 8000, trainedSeconds: 1, model: config }
    const saving = saveModel(folder, { config: description, parameters, tokenizerFolder: folder })
    await assert.rejects(saving, fault(/expected 4 numbers/))
  })
})

interface Json {
  model: { llm: object }
}

function fault(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PalError, String(error))
    assert.match(error.message, message)
    return true
  }
}

async function logitsOf(weights: (name: string) => WeightSource | undefined): Promise<number[]> {
  assert.ok([...modelParameters(config).keys()].every((name) => weights(name)))
  const runtime = await Runtime.start({ threads: 1 })
  try {
    const model = await LanguageModel.compile(runtime, config, weights)
    return [...(await model.read(KeyValueCache.empty(config.llm), { ids: [5, 6, 7] }, 0))]
  } finally {
    await runtime.close()
  }
}
