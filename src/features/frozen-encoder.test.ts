import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fixture, sound } from '../encoders/reference.test.helper.js'
import { relativeError } from '../graph/parity.test.helper.js'
import { Graph } from '../graph/tensor.js'
import { baseWeights } from '../model/bases/bases.js'
import type { StoredNumbers } from '../model/checkpoints/checkpoint.js'
import { type OpenedEncoder, openEncoder } from '../model/checkpoints/open-encoder.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { modelParameters } from '../model/network/parameters.js'
import { tokenCount } from '../model/network/token-count.js'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { Scope } from '../nn/scope.js'
import { Arena } from '../runtime/arena.js'
import { Runtime } from '../runtime/runtime.js'
import { audioFeeds } from '../train/audio-feeds.js'
import { encoderTokens } from '../train/training-graph.js'
import { FeatureStore } from './feature-store.js'
import { FrozenEncoder, type FrozenEncoderOptions } from './frozen-encoder.js'

let runtime: Runtime
let cache: string
let store: FeatureStore
const openStore = async () => store
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

test('features are told by weights, front end, samples, and what rounding depends on', async () => {
  const audio = sound(3000, 8000)
  const options = ownOptions()
  assert.deepEqual(await countsOf(options, audio), { found: 0, computed: 1 })
  assert.deepEqual(await countsOf(options, audio), { found: 1, computed: 0 })
  assert.deepEqual(await countsOf(options, audio.slice(1)), { found: 0, computed: 1 })
  const threads = await Runtime.start({ threads: 2 })
  assert.deepEqual(await countsOf({ ...options, runtime: threads }, audio), { found: 0, computed: 1 })
  await threads.close()
  const encoder = { ...options.encoder, encoder: { ...options.encoder.encoder, mean: -5 } }
  assert.deepEqual(await countsOf({ ...options, encoder }, audio), { found: 0, computed: 1 })
  options.parameters.flat[0]! += 1e-3
  assert.deepEqual(await countsOf(options, audio), { found: 0, computed: 1 })
})

test('features of bases that differ in one number are told apart, even if they have one fingerprint', async () => {
  const audio = sound(3000, 16_000)
  const folder = join(cache, 'changed')
  await cp(fixture('whisper-80'), folder, { recursive: true })
  const base = await openEncoder(folder, { cache })
  assert.deepEqual(await countsOf(optionsFor(base), audio), { found: 0, computed: 1 })
  assert.deepEqual(await countsOf(optionsFor(base), audio), { found: 1, computed: 0 })

  const { file, offset } = base.weights('conv1.weight') as StoredNumbers
  const weights = await readFile(file)
  weights.writeFloatLE(1, offset)
  await writeFile(file, weights)
  const changed = await openEncoder(folder, { cache })
  assert.equal(changed.sha256, base.sha256)
  assert.deepEqual(await countsOf(optionsFor(changed), audio), { found: 0, computed: 1 })
})

async function countsOf(options: FrozenEncoderOptions, samples: Float32Array) {
  const encoder = await FrozenEncoder.open(options)
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

  const encoder = await FrozenEncoder.open(options)
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
    ...{ encoder, runtime, openStore, config: { ...tinyConfig(), encoders: [encoder] } },
    ...{ parameters: new Arena([]), frozen: baseWeights({ encoders }) },
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
    ...{ encoder, runtime, openStore, config: only, parameters },
    frozen: () => undefined,
  }
}
