import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import { isLora } from '../nn/lora.js'
import type { ModelConfig } from './config/config.js'
import { modelParameters } from './network/parameters.js'
import { loadPal } from './pal.js'
import { saveModel } from './stored/model-folder.js'
import { integrations, tinyConfig, tinyWeights, writeTinyModel } from './tiny-model.js'

const lora = {
  rank: 2,
  alpha: 6,
  on: ['llm.model.layers.*.self_attn.*_proj', 'llm.model.layers.1.mlp.up_proj', 'encoders.*.attention.query'],
}

const ANSWERS = ['A dog barks.', 'Two times.']

for (const integration of ['plits', 'lal', 'palUnified', 'flamingo'] as const) {
  test(`${integration}: LoRA is the same as W + α/r · B A`, async () => {
    const plain = tinyConfig(integrations[integration])
    const adapted: ModelConfig = { ...plain, lora }
    const weights = tinyWeights(adapted)
    const merged = new Map(
      [...weights].flatMap(([name, data]): [string, Float32Array][] =>
        isLora(name) ? [] : [[name, mergedWeight(name, data, weights)]],
      ),
    )
    const bare = new Map([...weights].filter(([name]) => !isLora(name)))
    const silent = new Map(
      [...weights].map(([name, data]) => [name, name.includes('.lora_B.') ? data.map(() => 0) : data]),
    )
    const [withLora, withMerged, withZeros, without] = await Promise.all([
      scores(adapted, weights),
      scores(plain, merged),
      scores(adapted, silent),
      scores(plain, bare),
    ])
    close(withLora, withMerged)
    close(withZeros, without)
    assert.ok(Math.abs(withLora[0]! - without[0]!) > 0.01, 'the addition is heard')
  })
}

function mergedWeight(name: string, data: Float32Array, weights: ReadonlyMap<string, Float32Array>) {
  const projection = name.replace(/\.weight$/, '')
  const down = weights.get(`${projection}.lora_A.weight`)
  const up = weights.get(`${projection}.lora_B.weight`)
  if (!down || !up) return data
  const inputs = down.length / lora.rank
  return data.map((weight, i) => {
    const [row, column] = [Math.floor(i / inputs), i % inputs]
    let sum = 0
    for (let r = 0; r < lora.rank; r++) sum += up[row * lora.rank + r]! * down[r * inputs + column]!
    return weight + (lora.alpha / lora.rank) * sum
  })
}

/** ln P of the answers, by a model of these weights that was saved and opened. */
async function scores(config: ModelConfig, weights: ReadonlyMap<string, Float32Array>) {
  const folder = await mkdtemp(join(tmpdir(), 'pal-lora-'))
  const tokenizer = await writeTinyModel()
  await saveModel(folder, {
    config: { name: 'tiny', sampleRate: 8000, trainedSeconds: 1.28, model: config },
    parameters: [...modelParameters(config)].map(([name, { shape }]) => ({
      name,
      shape,
      data: weights.get(name)!,
    })),
    tokenizerFolder: tokenizer,
  })
  const pal = await loadPal({ model: folder, threads: 1 })
  const sound = encodeWav(
    Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i / 5)),
    8000,
  )
  const found = await pal.score(sound, 'What do you hear?', ANSWERS)
  await pal.close()
  return found.map(({ logProbability }) => logProbability)
}

function close(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) < 1e-3 * Math.max(1, Math.abs(value)), `${actual} and ${expected}`)
  }
}
