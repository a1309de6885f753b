import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ModelConfig } from '../model/config/config.js'
import { modelParameters } from '../model/network/parameters.js'
import { tinyConfig } from '../model/tiny-model.js'
import type { Stage } from './recipe/recipe.js'
import { expectWithinWindows } from './windows.js'

const config = tinyConfig()
const sizes = new Map([...modelParameters(config).keys()].map((name) => [name, 1]))

test('batches are no longer than what an encoder hears at once', () => {
  expectWithinWindows(config, sizes, [stage([0.32, 0.64])])
  assert.throws(
    () => expectWithinWindows(config, sizes, [stage([0.64]), stage([0.64, 1.28])]),
    /^PalError: stages\.1\.batches\.1\.seconds: expected at most 0\.64 s, .* "general" hears at once, got 1\.28 s/,
  )
})

test('nothing is asked of an encoder that a stage leaves out', () => {
  expectWithinWindows(config, sizes, [{ ...stage([1.28]), objective: 'labels', trained: ['llm.*'] }])
})

test('convolutions see a few seconds, wherever audio is cut', () => {
  const [ears] = config.encoders
  const { kind: _, ...settings } = ears!.encoder
  const mel = { sampleRate: 16000, windowSize: 743, hopSize: 400, fftSize: 1024, melBins: 96 }
  const aisfx = {
    ...{ ...settings, ...mel, kind: 'aisfx', lowestFrequency: 0, highestFrequency: 8000 },
    ...{ largest: 9, channels: [4, 8], hiddenSize: 8, windowSeconds: 10 },
  } as ModelConfig['encoders'][number]['encoder']
  const convolutional = { ...config, encoders: [{ ...ears!, encoder: aisfx }] }
  expectWithinWindows(convolutional, sizes, [stage([20])])
})

function stage(seconds: readonly number[]): Stage {
  const batches = seconds.map((seconds) => ({ seconds }))
  return { objective: 'answers', trained: ['*'], batches } as Partial<Stage> as Stage
}
