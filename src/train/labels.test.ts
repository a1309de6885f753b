import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tokenCount } from '../model/network/token-count.js'
import { integrations, tinyConfig } from '../model/tiny-model.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { collateLabels, labelGraph } from './labels.js'
import { startingWeights } from './parameters.js'

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('what is hidden from an encoder does not depend on which others there are', () => {
  const config = tinyConfig(integrations.palRouted)
  const draws = [3000, 4000].map((length) => ({
    samples: new Float32Array(length),
    turns: [],
    sounds: [{ label: 'dog', startSeconds: 0, endSeconds: 0.3 }],
  }))
  const hide = {
    settings: { timeMasks: 2, maxSeconds: 0.2, bandMasks: 2, maxBins: 6 },
    randomFor: (encoder: string) => new Random('hidden', encoder),
  }
  const feeds = (encoders: typeof config.encoders) =>
    collateLabels(draws, { ...config, encoders }, ['dog'], 5120, false, hide).feeds
  const both = feeds(config.encoders)
  for (const named of config.encoders) {
    const own = feeds([named])
    for (const part of ['frames', 'bins', 'share']) {
      assert.deepEqual(own[`${named.name}.${part}`], both[`${named.name}.${part}`])
    }
  }
  assert.notDeepEqual(both['speech.frames'], both['general.frames'])
})

test('encoders of different steps hear one batch, each as if it were alone', async () => {
  const [first, second] = tinyConfig(integrations.palRouted).encoders
  const encoders = [
    { ...first!, connector: { kind: 'mlp', pool: 2 } },
    { ...second!, connector: { kind: 'mlp', pool: 5 } },
  ] as const
  const config = { ...tinyConfig(integrations.palRouted), encoders }
  const labels = ['dog', 'bell']
  const lengths = [3000, 3500]
  const [samples, ...whole] = [3500, ...encoders.map((named) => tokenCount(named, 3500).samples)]
  assert.ok(whole[0] !== whole[1] && whole.every((one) => one > samples!))

  const random = new Random('batch')
  const draws = lengths.map((length, i) => ({
    samples: Float32Array.from({ length }, () => 0.1 * random.normal()),
    turns: [],
    sounds: [{ label: labels[i]!, startSeconds: 0, endSeconds: 0.3 }],
  }))
  const options = { seed: 1, labels, isOwn: () => true }
  const { own } = await startingWeights(config, { encoders: new Map() }, options)
  const lossOf = async (heard: typeof config.encoders | readonly [(typeof config.encoders)[number]]) => {
    const listening = { ...config, encoders: heard }
    const { feeds, shape } = collateLabels(draws, listening, labels, samples!, false)
    const { loss } = labelGraph(listening, labels, shape, { trained: () => false, places: false })
    const program = await runtime.compile({ loss })
    const { outputs } = await program.run(feeds, own)
    await program.release()
    return Number(outputs.loss!.data[0])
  }
  const alone = [await lossOf([encoders[0]]), await lossOf([encoders[1]])]
  const both = await lossOf(encoders)
  assert.ok(Math.abs(both - alone[0]! - alone[1]!) < 1e-5, `${both}, ${alone}`)
})
