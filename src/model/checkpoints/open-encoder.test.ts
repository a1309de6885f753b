import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { clapTokens } from '../../encoders/clap.js'
import { clapFeatures } from '../../encoders/clap-features.js'
import { type EncoderConfig, encode, tokenGrid } from '../../encoders/encoder.js'
import { stepsOf } from '../../encoders/fixed-window.js'
import { kaldiFeatures } from '../../encoders/kaldi-features.js'
import { fixture, sound } from '../../encoders/reference.test.helper.js'
import { whisperFeatures } from '../../encoders/whisper.js'
import { PalError } from '../../errors.js'
import { readReference, relativeError } from '../../graph/parity.test.helper.js'
import { Graph, type Tensor } from '../../graph/tensor.js'
import { Scope } from '../../nn/scope.js'
import { Runtime } from '../../runtime/runtime.js'
import { tokenCount } from '../network/token-count.js'
import { type OpenedEncoder, openEncoder } from './open-encoder.js'

const FAMILIES = ['whisper-80', 'whisper-128', 'ast', 'eat', 'clap-unfused', 'clap-fused'] as const
const SHARES = [0.23, 1, 1.3] as const

let runtime: Runtime
let cache: string
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  cache = await mkdtemp(join(tmpdir(), 'pal-encoder-'))
})
after(async () => {
  await runtime.close()
  await rm(cache, { recursive: true, force: true })
})

for (const name of FAMILIES) {
  describe(`${name} is what its reference makes of it`, () => {
    let opened: OpenedEncoder
    let expected: Awaited<ReturnType<typeof readReference>>['tensors']
    before(async () => {
      opened = await openEncoder(fixture(name), { cache })
      expected = (await readReference(`encoders/fixtures/${name}/expected.safetensors`)).tensors
    })

    test('features, from the waveform', async (context) => {
      let worst = 0
      for (const [i, share] of SHARES.entries()) {
        const ours = await run([windowOf(opened.config, share)], (_, waveform, lengths) =>
          features(opened.config, waveform, lengths),
        )
        const theirs = expected.get(`features.${i}`)!.data
        assert.equal(ours.length, theirs.length)
        worst = Math.max(worst, ...ours.map((value, at) => Math.abs(value - theirs[at]!)))
      }
      context.diagnostic(`largest error of a feature: ${worst.toExponential(1)}`)
      assert.ok(worst < 1e-4, `${worst}`)
    })

    test('tokens, from the waveform', async (context) => {
      let worst = 0
      for (const [i, share] of SHARES.entries()) {
        const ours = await tokens(opened, [windowOf(opened.config, share)])
        const theirs = inOurOrder(opened.config, expected.get(`tokens.${i}`)!)
        worst = Math.max(worst, relativeError(ours, theirs.subarray(0, ours.length)))
        const whole = await tokens(opened, [windowOf(opened.config, share)], 'window')
        worst = Math.max(worst, relativeError(whole, theirs))
      }
      context.diagnostic(`largest relative error of tokens: ${worst.toExponential(1)}`)
      assert.ok(worst < 1e-4, `${worst}`)
    })

    test('a batch is what each is alone, whatever follows', async () => {
      const [short, long] = [windowOf(opened.config, 0.23), windowOf(opened.config, 1)]
      const both = await tokens(opened, [short, long], 'window')
      const alone = [
        ...(await tokens(opened, [short], 'window')),
        ...(await tokens(opened, [long], 'window')),
      ]
      assert.ok(relativeError(both, alone) < 1e-5)
    })
  })
}

test('CLAP: the pooled token, and four different spectrograms fused', async () => {
  const opened = await openEncoder(fixture('clap-fused'), { cache })
  const { config } = opened
  assert.ok(config.kind === 'clap')
  const { tensors } = await readReference('encoders/fixtures/clap-fused/expected.safetensors')
  for (const [i, share] of SHARES.entries()) {
    const pooled = await tokens(opened, [windowOf(config, share)], 'pooled')
    assert.ok(relativeError(pooled, tensors.get(`pooled.${i}`)!.data) < 1e-4)
  }
  const parts = [0, 1, 2, 0].map((i) => tensors.get(`features.${i}`)!)
  const graph = new Graph()
  const [frames, bins] = parts[0]!.shape as [number, number]
  const four = graph.input('four', [1, 4, frames, bins])
  const program = await runtime.compile({ out: clapTokens(new Scope(graph), config, four) }, opened)
  const fed = Float32Array.from(parts.flatMap(({ data }) => [...data]))
  const { outputs } = await program.run({ four: fed })
  const theirs = inOurOrder(config, tensors.get('four')!)
  assert.ok(relativeError(outputs.out!.data as Float32Array, theirs) < 1e-4)
})

test('tokens are counted from the length alone', async () => {
  const counts: Record<string, readonly number[]> = {}
  for (const name of FAMILIES) {
    const { config: encoder } = await openEncoder(fixture(name), { cache })
    const named = { name, encoder, connector: { kind: 'mlp' } } as const
    const { samples } = tokenGrid(encoder).window!
    counts[name] = [1, samples / 4, samples].map((length) => tokenCount(named, length).encoder)
    assert.equal(tokenCount(named, samples).samples, samples)
    assert.throws(() => tokenCount(named, samples + 1), /expected at most .* the window of a/)
    assert.throws(
      () => tokenCount({ ...named, connector: { kind: 'mlp', pool: 7 } }, samples),
      /pool that divides/,
    )
  }
  assert.deepEqual(counts, {
    'whisper-80': [1, 13, 50],
    'whisper-128': [1, 13, 50],
    ast: [2, 4, 10],
    eat: [8, 8, 32],
    'clap-unfused': [1, 4, 16],
    'clap-fused': [1, 4, 16],
  })
})

describe('what an encoder is not is named by file, key and value', () => {
  const cases: readonly [name: string, file: string, change: object, message: RegExp][] = [
    [
      'whisper-80',
      'config.json',
      { activation_function: 'relu' },
      /config\.json, activation_function: .*"relu"/,
    ],
    ['whisper-80', 'config.json', { max_source_positions: 99 }, /max_source_positions: expected 50.*99/],
    ['whisper-80', 'config.json', { model_type: 'wav2vec2' }, /model_type: .*"wav2vec2"/],
    [
      'whisper-80',
      'preprocessor_config.json',
      { feature_size: 40 },
      /preprocessor_config\.json, feature_size: .*40/,
    ],
    ['ast', 'config.json', { hidden_act: 'relu' }, /hidden_act: .*"relu"/],
    ['whisper-80', 'config.json', { encoder_layers: 1001 }, /encoder_layers: .*1 to 1000, got 1001/],
    ['ast', 'config.json', { num_hidden_layers: 1001 }, /num_hidden_layers: .*1 to 1000, got 1001/],
    ['eat', 'config.json', { depth: 1001 }, /depth: .*1 to 1000, got 1001/],
    [
      'clap-fused',
      'config.json',
      { depths: [1, 1, 1001, 1] },
      /depths: expected a list of .*1 to 1000, got \[1,1,1001,1\]/,
    ],
    ['ast', 'config.json', { num_hidden_layers: 3 }, /these are missing: encoder\.layer\.2/],
    ['ast', 'preprocessor_config.json', { do_normalize: false }, /do_normalize: expected true.*false/],
    ['eat', 'config.json', { layer_norm_first: true }, /layer_norm_first: expected false.*true/],
    ['eat', 'config.json', { rope: 1 }, /config\.json, rope: .*got 1/],
    ['clap-fused', 'config.json', { fusion_type: 'daf_2d' }, /fusion_type: .*"daf_2d"/],
    [
      'clap-unfused',
      'preprocessor_config.json',
      { truncation: 'fusion' },
      /truncation: .*"rand_trunc".*"fusion"/,
    ],
  ]
  for (const [name, file, change, message] of cases) {
    test(`${name}: ${JSON.stringify(change)}`, async () => {
      const folder = await mkdtemp(join(cache, 'changed-'))
      await cp(fixture(name), folder, { recursive: true })
      const path = join(folder, file)
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }))
      await assert.rejects(openEncoder(folder, { cache }), (error) => {
        assert.ok(error instanceof PalError, String(error))
        assert.match(error.message, message)
        return true
      })
    })
  }
})

/** What of a sound an encoder hears first. */
function windowOf(config: EncoderConfig, share: number): Float32Array {
  const { samples } = tokenGrid(config).window!
  return sound(Math.trunc(samples * share), config.sampleRate).subarray(0, samples)
}

function features(config: EncoderConfig, waveform: Tensor, lengths: Tensor): Tensor {
  if (config.kind === 'whisper') return whisperFeatures(waveform, config)
  if (config.kind === 'clap') return clapFeatures(waveform, lengths, config)
  assert.ok(config.kind === 'ast' || config.kind === 'eat')
  return kaldiFeatures(waveform, lengths, config)
}

function tokens(
  opened: OpenedEncoder,
  sounds: readonly Float32Array[],
  which: 'audio' | 'window' | 'pooled' = 'audio',
): Promise<Float32Array> {
  const config = { ...opened.config, tokens: which } as EncoderConfig
  return run(
    sounds,
    (graph, waveform, lengths) => encode(new Scope(graph), config, { waveform, lengths }),
    opened.weights,
  )
}

async function run(
  sounds: readonly Float32Array[],
  build: (graph: Graph, waveform: Tensor, lengths: Tensor) => Tensor,
  weights: OpenedEncoder['weights'] = () => undefined,
): Promise<Float32Array> {
  const graph = new Graph()
  const longest = Math.max(...sounds.map((samples) => samples.length))
  const waveform = graph.input('waveform', [sounds.length, longest])
  const lengths = graph.input('lengths', [sounds.length, 1])
  const program = await runtime.compile({ out: build(graph, waveform, lengths) }, { weights })
  const fed = new Float32Array(sounds.length * longest)
  for (const [row, samples] of sounds.entries()) fed.set(samples, row * longest)
  const { outputs } = await program.run({
    waveform: fed,
    lengths: Float32Array.from(sounds, ({ length }) => length),
  })
  await program.release()
  return outputs.out!.data as Float32Array
}

/** The reference's tokens without those for classification, and time-major. */
function inOurOrder(
  config: EncoderConfig,
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
): Float32Array {
  if (config.kind === 'whisper') return data
  const width = config.hiddenSize
  if (config.kind === 'eat') return data.subarray(width)
  const { tokensPerStep: bands, window } = tokenGrid(config)
  const steps = window!.steps
  const ordered = new Float32Array(steps * bands * width)
  for (let step = 0; step < steps; step++) {
    for (let band = 0; band < bands; band++) {
      const to = (step * bands + band) * width
      for (let i = 0; i < width; i++) {
        // AST: [2 + bands·steps, width]; CLAP: [width, bands, steps].
        const from =
          config.kind === 'ast' ? (2 + band * steps + step) * width + i : (i * bands + band) * steps + step
        ordered[to + i] = data[from]!
      }
    }
  }
  assert.ok(stepsOf(tokenGrid(config), window!.samples) === steps && shape.length > 1)
  return ordered
}
