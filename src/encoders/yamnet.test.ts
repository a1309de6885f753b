import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readReference, relativeError } from '../graph/parity.test.helper.js'
import type { Graph, Tensor } from '../graph/tensor.js'
import { type OpenedEncoder, openEncoder } from '../model/checkpoints/open-encoder.js'
import { Scope } from '../nn/scope.js'
import { Runtime } from '../runtime/runtime.js'
import { encoderFromHuggingFace } from './from-hugging-face.js'
import { fixture, made, sound } from './reference.test.helper.js'
import { type YamnetConfig, yamnet, yamnetFeatures } from './yamnet.js'

const STEPS = [1, 2, 4] as const
const STEP = 32 * 160

let runtime: Runtime
let opened: OpenedEncoder
/** Without its classifier, and with it. */
let config: YamnetConfig
let scored: YamnetConfig
let expected: Awaited<ReturnType<typeof readReference>>['tensors']
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  opened = await openEncoder(fixture('yamnet'))
  assert.ok(opened.config.kind === 'yamnet')
  const { labels: _, ...states } = opened.config
  config = { ...states, hiddenSize: states.channels.at(-1)! }
  scored = opened.config
  expected = (await readReference('encoders/fixtures/yamnet/expected.safetensors')).tensors
})
after(() => runtime.close())

test('features are those that TensorFlow makes', async (context) => {
  let worst = 0
  for (const [i, steps] of STEPS.entries()) {
    const theirs = expected.get(`features.${i}`)!
    // The last frames reach behind the sound, where ours and theirs are silent.
    const ours = await run([sound(steps * STEP, 16000)], (_, waveform) => yamnetFeatures(waveform, config))
    worst = Math.max(worst, ...ours.map((value, at) => Math.abs(value - theirs.data[at]!)))
  }
  context.diagnostic(`largest error of a feature: ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-4, `${worst}`)
})

test("tokens are YAMNet's, before it takes the mean over time", async (context) => {
  let worst = 0
  for (const [i, steps] of STEPS.entries()) {
    const theirs = expected.get(`tokens.${i}`)!
    const ours = await tokens([sound(steps * STEP, 16000)])
    assert.equal(ours.length, steps * config.hiddenSize)
    worst = Math.max(worst, relativeError(ours, theirs.data))
  }
  context.diagnostic(`largest relative error of tokens: ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-4, `${worst}`)
})

test("with labels, tokens are its classifier's scores", async (context) => {
  assert.deepEqual(scored.labels, ['Speech', 'Bee, wasp, etc.', 'Dog'])
  assert.equal(scored.hiddenSize, 3)
  let worst = 0
  for (const [i, steps] of STEPS.entries()) {
    const ours = await tokens([sound(steps * STEP, 16000)], scored)
    worst = Math.max(worst, relativeError(ours, expected.get(`scores.${i}`)!.data))
  }
  context.diagnostic(`largest relative error of scores: ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-5, `${worst}`)
})

test('what is hidden is silent, not 0: that would be loud on the scale of its logarithms', async () => {
  const wave = sound(2 * STEP, 16000)
  // Nothing of the sound, and of the silence behind it nothing either.
  const frames = 32 * (2 + 5)
  const unheard = await run([wave], (graph, waveform) => {
    const hidden = {
      frames: graph.constant(new Float32Array(frames), [1, frames, 1]),
      bins: graph.constant(new Float32Array(64).fill(1), [1, 1, 64]),
    }
    return yamnet(new Scope(graph), config, { waveform, hidden })
  })
  assert.ok(relativeError(unheard, await tokens([new Float32Array(2 * STEP)])) < 1e-5)
})

test('a batch is what each is alone, whatever follows', async () => {
  const long = sound(9 * STEP, 16000)
  const short = new Float32Array(9 * STEP)
  short.set(sound(2 * STEP, 16000))
  const both = await tokens([short, long])
  const alone = await tokens([short.subarray(0, 2 * STEP)])
  assert.ok(relativeError(both.subarray(0, alone.length), alone) < 1e-5)
  assert.ok(relativeError(both.subarray(9 * config.hiddenSize), await tokens([long])) < 1e-5)
})

test('settings that are none of YAMNet are refused, by file and key', () => {
  const preprocessor = {
    ...{ sampling_rate: 16000, win_length: 400, hop_length: 160, n_fft: 512, feature_size: 64 },
    ...{ frequency_min: 125, frequency_max: 7500 },
  }
  const read = (config: object, changes: object) =>
    encoderFromHuggingFace({
      config: { model_type: 'yamnet', ...config },
      preprocessor: { ...preprocessor, ...changes },
      folder: 'there',
    }).config
  assert.equal(read({}, {}).hiddenSize, 1024)
  assert.throws(() => read({ channels: [32, 64] }, {}), {
    name: 'PalError',
    message: /there\/config\.json.*channels.*expected 14 of them, got 2/,
  })
  assert.throws(() => read({ labels: [] }, {}), {
    name: 'PalError',
    message: /there\/config\.json.*labels.*expected at least one, got none/,
  })
  assert.throws(() => read({}, { feature_size: 80 }), {
    name: 'PalError',
    message: /there\/preprocessor_config\.json.*feature_size.*expected a multiple of 32, got 80/,
  })
})

function tokens(waves: readonly Float32Array[], heard = config): Promise<Float32Array> {
  return run(waves, (graph, waveform) => yamnet(new Scope(graph), heard, { waveform }))
}

function run(
  waves: readonly Float32Array[],
  build: (graph: Graph, waveform: Tensor) => Tensor,
): Promise<Float32Array> {
  return made(runtime, opened, waves, build)
}
