import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readReference, relativeError } from '../graph/parity.test.helper.js'
import type { Graph, Tensor } from '../graph/tensor.js'
import { type OpenedEncoder, openEncoder } from '../model/checkpoints/open-encoder.js'
import { Scope } from '../nn/scope.js'
import { Runtime } from '../runtime/runtime.js'
import { type AisfxConfig, aisfx, aisfxFeatures } from './aisfx.js'
import { fixture, made, sound } from './reference.test.helper.js'

const STEPS = [1, 6, 9] as const
const STEP = 8 * 1024

let runtime: Runtime
let opened: OpenedEncoder
let config: AisfxConfig
let expected: Awaited<ReturnType<typeof readReference>>['tensors']
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  opened = await openEncoder(fixture('aisfx'))
  assert.ok(opened.config.kind === 'aisfx')
  config = opened.config
  expected = (await readReference('encoders/fixtures/aisfx/expected.safetensors')).tensors
})
after(() => runtime.close())

test('features are those that Essentia makes', async (context) => {
  let worst = 0
  for (const [i, steps] of STEPS.entries()) {
    const theirs = expected.get(`features.${i}`)!
    const wave = sound(steps * STEP, 44100)
    const ours = await run([wave], (_, waveform) => aisfxFeatures(waveform, config))
    worst = Math.max(worst, ...ours.map((value, at) => Math.abs(value - theirs.data[at]!)))
  }
  context.diagnostic(`largest error of a feature: ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-4, `${worst}`)
})

test("tokens are aiSFX's, before it takes the largest over time", async (context) => {
  let worst = 0
  for (const [i, steps] of STEPS.entries()) {
    const theirs = expected.get(`tokens.${i}`)!
    const ours = await tokens([sound(steps * STEP, 44100)])
    assert.equal(ours.length, steps * config.hiddenSize)
    worst = Math.max(worst, relativeError(ours, theirs.data))
  }
  context.diagnostic(`largest relative error of tokens: ${worst.toExponential(1)}`)
  assert.ok(worst < 1e-4, `${worst}`)
})

test('a batch is what each is alone, whatever follows', async () => {
  const long = sound(9 * STEP, 44100)
  const short = new Float32Array(9 * STEP)
  short.set(sound(2 * STEP, 44100))
  const both = await tokens([short, long])
  const alone = await tokens([short.subarray(0, 2 * STEP)])
  assert.ok(relativeError(both.subarray(0, alone.length), alone) < 1e-5)
  assert.ok(relativeError(both.subarray(9 * config.hiddenSize), await tokens([long])) < 1e-5)
})

test('at another sample rate, what it says is about the same', async () => {
  const steps = 6
  const wave = sound(steps * STEP, 44100)
  const third = { ...config, sampleRate: 22050, windowSize: 1024, hopSize: 512, fftSize: 1024 }
  const halved = Float32Array.from(
    { length: wave.length / 2 },
    (_, i) => (wave[2 * i]! + wave[2 * i + 1]!) / 2,
  )
  const [full, half] = [
    await run([wave], (_, waveform) => aisfxFeatures(waveform, config)),
    await run([halved], (_, waveform) => aisfxFeatures(waveform, third)),
  ]
  // The band of the tone at 440 Hz is as loud at half of the rate; the highest, above what that rate can hold, is silent.
  const at = (features: Float32Array, frame: number, band: number) => features[frame * config.melBins + band]!
  for (const frame of [8, 24, 40]) {
    assert.ok(Math.abs(at(full, frame, 13) - at(half, frame, 13)) < 0.02)
    assert.ok(at(half, frame, 95) === 0 && at(full, frame, 95) > 0.1)
  }
})

function tokens(waves: readonly Float32Array[]): Promise<Float32Array> {
  return run(waves, (graph, waveform) => aisfx(new Scope(graph), config, { waveform }))
}

function run(
  waves: readonly Float32Array[],
  build: (graph: Graph, waveform: Tensor) => Tensor,
): Promise<Float32Array> {
  return made(runtime, opened, waves, build)
}
