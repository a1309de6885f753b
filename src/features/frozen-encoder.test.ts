import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fixture, sound } from '../encoders/reference.test.helper.js'
import { relativeError } from '../graph/parity.test.helper.js'
import { Graph } from '../graph/tensor.js'
import { baseWeights, type OpenedEncoder } from '../model/bases.js'
import type { ModelConfig, NamedEncoder } from '../model/config.js'
import { openEncoder } from '../model/open-encoder.js'
import { modelParameters } from '../model/parameters.js'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { tokenCount } from '../model/token-count.js'
import { Scope } from '../nn/scope.js'
import { Arena } from '../runtime/arena.js'
import { Runtime } from '../runtime/runtime.js'
import { audioFeeds } from '../train/collate.js'
import { encoderTokens } from '../train/training-graph.js'
import { FeatureStore } from './feature-store.js'
import { FrozenEncoder, type FrozenEncoderOptions } from './frozen-encoder.js'

let runtime: Runtime
let cache: string
let store: FeatureStore
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  cache = await mkdtemp(join(tmpdir(), 'pal-frozen-'))
  store = await FeatureStore.open({ folder: cache, maximumBytes: 2 ** 26, onWarning: assert.fail })
})
after(async () => {
  store.close()
  await runtime.close()
  await rm(cache, { recursive: true, force: true })
})

for (const family of ['whisper-80', 'ast', 'eat', 'clap-unfused', 'clap-fused'] as const) {
  test(`${family}: alone, an audio becomes what a training step makes of it`, async (t) => {
    const opened = await openEncoder(fixture(family), { cache })
    await compare(t, optionsFor(opened))
  })
}

test('an encoder of ours: alone, an audio becomes what a training step makes of it', async (t) => {
  await compare(t, ownOptions())
})

test('features are told by weights, front end, provider and samples', async () => {
  const audio = sound(3000, 8000)
  const options = ownOptions()
  assert.deepEqual(await countsOf(options, audio), { found: 0, computed: 1 })
  assert.deepEqual(await countsOf(options, audio), { found: 1, computed: 0 })
  assert.deepEqual(await countsOf(options, audio.slice(1)), { found: 0, computed: 1 })
  assert.deepEqual(await countsOf({ ...options, provider: 'other' }, audio), { found: 0, computed: 1 })
  assert.deepEqual(await countsOf({ ...options, base: 'other' }, audio), { found: 0, computed: 1 })
  const encoder = { ...options.encoder, encoder: { ...options.encoder.encoder, mean: -5 } }
  assert.deepEqual(await countsOf({ ...options, encoder }, audio), { found: 0, computed: 1 })
  options.parameters.flat[0]! += 1e-3
  assert.deepEqual(await countsOf(options, audio), { found: 0, computed: 1 })
})

async function countsOf(options: FrozenEncoderOptions, samples: Float32Array) {
  const encoder = new FrozenEncoder(options)
  await encoder.features(samples, true)
  await encoder.release()
  return encoder.counts
}

/** Two audios of different lengths, padded to one length as a batch is. */
async function compare(t: { diagnostic(text: string): void }, options: FrozenEncoderOptions): Promise<void> {
  const { encoder: named, config, parameters, frozen } = options
  const { sampleRate, windowSeconds, hiddenSize } = named.encoder
  const longest = Math.floor(windowSeconds * sampleRate)
  const draws = [0.3, 0.9].map((share) => ({
    samples: sound(Math.floor(share * longest), sampleRate),
    turns: [],
  }))
  const shape = { audios: 2, samples: tokenCount(named, longest).samples }
  const graph = new Graph()
  const waveform = graph.input('waveform', [2, shape.samples])
  const { tokens } = encoderTokens(new Scope(graph, undefined), named, waveform, shape, {})
  const program = await runtime.compile({ tokens }, { purpose: 'training', weights: frozen })
  const { outputs } = await program.run(audioFeeds(draws, config, shape, undefined), parameters)
  await program.release()
  const each = tokenCount(named, shape.samples).encoder * hiddenSize

  const encoder = new FrozenEncoder(options)
  let worst = 0
  for (const [i, { samples }] of draws.entries()) {
    const features = await encoder.features(samples, true)
    assert.equal(features.length, tokenCount(named, samples.length).encoder * hiddenSize)
    assert.deepEqual(await encoder.features(samples, false), features, 'what is kept is what is computed')
    const within = (outputs.tokens!.data as Float32Array).subarray(i * each, i * each + features.length)
    worst = Math.max(worst, relativeError(features, within))
  }
  await encoder.release()
  t.diagnostic(`largest relative error ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-5, `${worst}`)
}

/** An encoder on a base, with the smallest connector. */
function optionsFor(opened: OpenedEncoder): FrozenEncoderOptions {
  const encoders = new Map([['general', opened]])
  const encoder: NamedEncoder = { name: 'general', encoder: opened.config, connector: { kind: 'mlp' } }
  return {
    ...{ encoder, runtime, provider: 'cpu', store, config: { ...tinyConfig(), encoders: [encoder] } },
    ...{ parameters: new Arena([]), frozen: baseWeights({ encoders }), base: opened.sha256 },
  }
}

/** An encoder whose weights are the run's own, and whose connector joins tokens by twos. */
function ownOptions(): FrozenEncoderOptions {
  const config: ModelConfig = tinyConfig(integrations.palRouted)
  const [encoder] = config.encoders as readonly [NamedEncoder]
  const own = [...modelParameters(config)].filter(([name]) =>
    name.startsWith(`encoders.${encoder.name}.encoder.`),
  )
  const parameters = new Arena(own.map(([name, { shape }]) => ({ name, shape })))
  const weights = tinyWeights(config)
  for (const [name] of own) parameters.get(name).set(weights.get(name) as Float32Array)
  const only = { ...config, encoders: [encoder] }
  return {
    ...{ encoder, runtime, provider: 'cpu', store, config: only, parameters },
    ...{ frozen: () => undefined, base: undefined },
  }
}
