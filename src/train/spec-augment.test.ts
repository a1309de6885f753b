import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fixture, sound } from '../encoders/reference.test.helper.js'
import { relativeError } from '../graph/parity.test.helper.js'
import { Graph } from '../graph/tensor.js'
import { openEncoder } from '../model/checkpoints/open-encoder.js'
import type { NamedEncoder } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import { Scope } from '../nn/scope.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { type HiddenFeatures, hiddenFeeds } from './spec-augment.js'
import { encoderTokens } from './training-graph.js'

let runtime: Runtime
let cache: string
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  cache = await mkdtemp(join(tmpdir(), 'pal-spec-augment-'))
})
after(() => runtime.close())

const NOTHING: HiddenFeatures = { timeMasks: 0, maxSeconds: 0, bandMasks: 0, maxBins: 0 }
const MUCH: HiddenFeatures = { timeMasks: 3, maxSeconds: 1, bandMasks: 2, maxBins: 20 }

for (const family of ['whisper-80', 'ast', 'eat', 'clap-unfused', 'aisfx', 'yamnet'] as const) {
  test(`${family}: what is hidden is not heard, and where nothing is, all is as it was`, async () => {
    const { config, weights } = await openEncoder(fixture(family), { cache })
    const named: NamedEncoder = { name: 'ear', encoder: config, connector: { kind: 'mlp' } }
    const short = Math.round(0.23 * config.sampleRate)
    const { encoder } = tokenCount(named, short)
    const given = {
      waveform: sound(short, config.sampleRate),
      'ear.lengths': Float32Array.of(short),
      'ear.encoderMask': new Float32Array(encoder),
    }
    const tokens = async (hidden?: HiddenFeatures) => {
      const graph = new Graph()
      const shape = { audios: 1, samples: short }
      const built = encoderTokens(new Scope(graph), named, graph.input('waveform', [1, short]), shape, {
        hideFeatures: hidden !== undefined,
      })
      const program = await runtime.compile(
        { tokens: built.tokens },
        { weights: (name) => weights(name.replace('encoders.ear.encoder.', '')) },
      )
      const settings = hidden && { settings: hidden, randomFor: () => new Random('hiding') }
      const feeds = { ...given, ...(settings && hiddenFeeds(named, 1, short, settings)) }
      return (await program.run(feeds)).outputs.tokens!.data as Float32Array
    }
    const plain = await tokens()
    assert.ok(relativeError(await tokens(NOTHING), plain) < 1e-6)
    assert.ok(relativeError(await tokens(MUCH), plain) > 1e-4)
  })
}
