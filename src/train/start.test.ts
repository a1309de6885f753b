import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import type { ModelConfig } from '../model/config/config.js'
import { quantizeModel } from '../model/stored/quantize-model.js'
import { tinyConfig, writeTinyModel } from '../model/tiny-model.js'
import { startingWeights } from './parameters.js'
import { startFrom } from './start.js'

let folder: string
before(async () => {
  folder = await writeTinyModel()
})

const config = tinyConfig()

test('everything of a model of the same settings is taken over', async () => {
  const { names, left } = await started(config)
  assert.deepEqual(left, [])
  assert.ok(names.has('llm.model.layers.1.self_attn.q_proj.weight'))
})

test('settings that shapes do not show must be those of the model that is started from', async () => {
  const refused = async (changed: ModelConfig, mistake: RegExp) => {
    await assert.rejects(started(changed), mistake)
  }
  const llm = (changes: object) => ({ ...config, llm: { ...config.llm, ...changes } })
  const ears = (changes: object) => {
    const [only] = config.encoders
    return { ...config, encoders: [{ ...only!, encoder: { ...only!.encoder, ...changes } }] }
  }
  await refused(
    llm({ heads: 2, keyValueHeads: 1, headSize: 16 }),
    /^PalError: model\.llm\.heads: expected 4,/,
  )
  await refused(llm({ ropeTheta: 500000 }), /model\.llm\.ropeTheta: expected 10000, .*, got 500000\n/)
  await refused(llm({ normEpsilon: 1e-6 }), /model\.llm\.normEpsilon: expected 0\.00001, .*, got 0\.000001\n/)
  await refused(llm({ ropeScaling: { kind: 'linear', factor: 2 } }), /ropeScaling: expected none, .*"linear"/)
  await refused(
    ears({ highestFrequency: 2000 }),
    /model\.encoders\.0\.encoder\.highestFrequency: expected 4000/,
  )
  await refused(ears({ heads: 4 }), /model\.encoders\.0\.encoder\.heads: expected 2/)
  await refused(ears({ mean: 0 }), /model\.encoders\.0\.encoder\.mean: expected -6/)
  await started(ears({ windowSeconds: 1.28 }))
})

test('settings of parts that nothing is taken from may be others', async () => {
  const llm = { ...config.llm, heads: 2, keyValueHeads: 1, headSize: 16, ropeTheta: 500000 }
  await started({ ...config, llm }, ['encoders.*', 'llm.model.embed_tokens.*'])
})

test('a part that is taken over is not left without some of its weights unless that is said', async () => {
  const shallow = { ...config, llm: { ...config.llm, layers: 1 } }
  await assert.rejects(
    started(shallow),
    /start\.parameters: expected a place for "llm\.model\.layers\.1\..*" of .*, got none\nGive the language model all .*'!llm\.model\.layers\.1\.\*'\.$/,
  )
  const { left } = await started(shallow, ['*', '!llm.model.layers.1.*'])
  assert.deepEqual(left, [])
})

test('what a new integration or connector has no place for is left behind, and told', async () => {
  const { left } = await started({ ...config, integration: { kind: 'plits' } })
  assert.ok(left.length > 0)
  assert.ok(left.every((name) => name.startsWith('integration.')))
})

test('of a quantised model, what is rounded cannot be taken over', async () => {
  const wide = { ...config, llm: { ...config.llm, hiddenSize: 64, headSize: 16, feedForwardSize: 96 } }
  const whole = await writeTinyModel({ config: wide })
  const out = join(dirname(whole), 'rounded')
  await quantizeModel(whole, { bits: 4, out })
  await assert.rejects(
    started(wide, ['*'], out),
    /rounded, start\.model: expected a model of full precision, got one that is quantised\nStart from the model/,
  )
  const { names } = await started(wide, ['*', '!llm.*'], out)
  assert.ok(names.has('encoders.general.connector.up.weight'))
})

async function started(ours: ModelConfig, patterns: readonly string[] = ['*'], from = folder) {
  const bases = { encoders: new Map() }
  const weights = await startingWeights(ours, bases, { seed: 1, labels: [], isOwn: () => true })
  return startFrom(from, patterns, weights, { bases: undefined, config: ours })
}
