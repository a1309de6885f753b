import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromHuggingFace } from '../../llm/from-hugging-face.js'
import { FIXTURES, fixture } from '../../llm/reference.test.helper.js'
import { integrations, tinyConfig } from '../tiny-model.js'
import { modelConfigSchema, modelPlanSchema } from './config-schema.js'

test('a model on top of any family is written and read back as it was', async () => {
  for (const name of FIXTURES) {
    const file = join(fixture(name), 'config.json')
    const config = { ...tinyConfig(), llm: fromHuggingFace(JSON.parse(await readFile(file, 'utf8')), file) }
    assert.deepEqual(modelConfigSchema.parse(JSON.parse(JSON.stringify(config))), config)
  }
})

test('layers that LAL names are there, and one of them hears', () => {
  const refused = (layers: unknown, kind: object = { kind: 'lal' }) => {
    const config = { ...tinyConfig(), integration: { ...kind, layers } }
    return firstIssue(config)
  }
  assert.equal(refused([0, 1]), undefined)
  assert.equal(refused({ from: 1 }), undefined)
  assert.equal(refused([1, 2]), 'integration.layers.1: expected a layer of the language model, 0 to 1, got 2')
  assert.match(refused([2]) ?? '', /^integration\.layers\.0: /)
  assert.match(refused({ from: 9 }) ?? '', /^integration\.layers\.from: .*0 to 1, got 9$/)
  assert.match(refused([]) ?? '', /^integration\.layers: expected at least one layer/)
  assert.match(refused([2], integrations.palUnified) ?? '', /^integration\.layers\.0: /)
})

test('no part has more layers than any model has', () => {
  const config = tinyConfig()
  const [named] = config.encoders
  const encoding = (change: object) => ({
    ...config,
    encoders: [{ ...named, encoder: { ...named?.encoder, ...change } }],
  })
  const connected = { kind: 'qformer', queries: 2, layers: 1001, heads: 2 }
  const summed = { kind: 'pal', form: { summaryTokens: 2, summaryLayers: 1001 } }
  const most = 'expected at most 1000 layers, got 1001'
  assert.equal(firstIssue({ ...config, llm: { ...config.llm, layers: 1000 } }), undefined)
  for (const [model, key] of [
    [{ ...config, llm: { ...config.llm, layers: 1001 } }, 'llm.layers'],
    [encoding({ layers: 1001 }), 'encoders.0.encoder.layers'],
    [{ ...config, encoders: [{ ...named, connector: connected }] }, 'encoders.0.connector.layers'],
  ] as const) {
    assert.equal(firstIssue(model), `${key}: ${most}`)
  }
  const { error } = modelConfigSchema.safeParse({ ...config, integration: summed })
  assert.match(JSON.stringify(error?.issues), new RegExp(most))
})

test('each encoder has a route, and each route an encoder', () => {
  const routed = (routes: object) =>
    firstIssue({ ...tinyConfig(), integration: { kind: 'pal', form: { routes } } })
  assert.equal(routed({ general: 'lal' }), undefined)
  assert.equal(
    routed({ general: 'lal', typo: 'plits' }),
    'integration.form.routes.typo: expected the name of an encoder (general), got "typo"',
  )
  assert.match(routed({}) ?? '', /^integration\.form\.routes: .*for each encoder, got none for "general"$/)
})

test('what is split among heads has their number as a divisor', () => {
  const config = tinyConfig()
  const qFormer = (heads: number) => ({ kind: 'qformer', queries: 2, layers: 1, heads })
  const connected = (heads: number) => ({
    ...config,
    encoders: [{ ...config.encoders[0], connector: qFormer(heads) }],
  })
  const summed = (form: object) => ({ ...config, integration: { kind: 'pal', form } })
  const sized = (change: object, integration: object = config.integration) => ({
    ...{ ...config, integration },
    llm: { ...config.llm, ...change },
  })
  for (const [model, said] of [
    [connected(4), undefined],
    [
      connected(5),
      "encoders.0.connector.heads: expected a divisor of the language model's hiddenSize, 32, got 5",
    ],
    [summed({ summaryTokens: 2, summaryHeads: 5 }), 'integration.form.summaryHeads: '],
    [sized({ hiddenSize: 30 }), 'integration.form.summaryHeads: '],
    [sized({ keyValueHeads: 3 }), 'llm.keyValueHeads: expected a divisor of heads, 4, got 3'],
    [sized({ hiddenSize: 30 }, integrations.lal), undefined],
    [sized({ hiddenSize: 30 }, integrations.flamingo), 'llm.heads: '],
  ] as const) {
    const found = firstIssue(model)
    assert.ok(said === undefined ? found === undefined : found?.startsWith(said), `${found}, not ${said}`)
  }
})

test('a connector that puts scores into words has an encoder that makes scores', () => {
  const config = tinyConfig(integrations.lal)
  const scored = (encoder: object) => ({
    ...config,
    encoders: [{ name: 'general', encoder, connector: { kind: 'words' } }],
  })
  assert.equal(
    firstIssue(scored(config.encoders[0]!.encoder)),
    'encoders.0.connector.kind: expected an encoder with `labels`, whose scores can be put into words, got one of kind "patch-transformer" without',
  )
  const yamnet = {
    ...{ kind: 'yamnet', sampleRate: 16000, windowSize: 400, hopSize: 160, fftSize: 512, melBins: 64 },
    ...{ lowestFrequency: 125, highestFrequency: 7500, channels: Array(14).fill(8), windowSeconds: 10 },
  }
  assert.equal(firstIssue(scored({ ...yamnet, labels: ['dog', 'bell'], hiddenSize: 2 })), undefined)
  assert.equal(
    firstIssue(scored({ ...yamnet, labels: ['dog', 'bell'], hiddenSize: 8 })),
    'encoders.0.encoder.hiddenSize: expected the number of labels, 2, got 8',
  )
  const named = modelPlanSchema.safeParse(scored({ from: 'somewhere' }))
  assert.ok(named.success, 'what is only named is checked when it is known')
})

test('a plan whose language model is only named is checked by what it says itself', () => {
  const config = tinyConfig()
  const plan = (integration: object) =>
    modelPlanSchema.safeParse({ ...config, integration, llm: { from: 'somewhere' } }).success
  assert.ok(plan({ kind: 'lal', layers: [2] }))
  assert.ok(!plan({ kind: 'lal', layers: [] }))
  assert.ok(!plan({ kind: 'pal', form: { routes: { typo: 'lal' } } }))
})

function firstIssue(config: object): string | undefined {
  const [issue] = modelConfigSchema.safeParse(config).error?.issues ?? []
  return issue && `${issue.path.join('.')}: ${issue.message}`
}

test('a patch transformer whose sizes do not fit together is refused by the key', () => {
  const config = tinyConfig()
  const [named] = config.encoders
  for (const [change, said] of [
    [{ patchBins: 7 }, /a divisor of melBins/],
    [{ heads: 5 }, /a divisor of hiddenSize/],
    [{ strideFrames: 99 }, /at most patchFrames/],
    [{ stem: [2, 2, 2, 2, 2, 2, 2] }, /a multiple of 128/],
  ] as const) {
    const encoders = [{ ...named, encoder: { ...named?.encoder, ...change } }]
    const { error } = modelConfigSchema.safeParse({ ...config, encoders })
    assert.match(error?.issues[0]?.message ?? 'no error', said)
  }
})

test('spectrograms and heads that there cannot be are refused by the key', () => {
  const config = tinyConfig()
  const [named] = config.encoders
  const heard = (encoder: object) => firstIssue({ ...config, encoders: [{ ...named, encoder }] })
  const patches = (change: object) => heard({ ...named?.encoder, ...change })
  const spoken = (change: object) => firstIssue({ ...config, llm: { ...config.llm, ...change } })
  const convolutions = {
    ...{ kind: 'aisfx', sampleRate: 16000, windowSize: 743, hopSize: 400, fftSize: 1024, melBins: 96 },
    ...{ lowestFrequency: 0, highestFrequency: 22050, largest: 9, channels: [4, 8], hiddenSize: 8 },
    windowSeconds: 10,
  }
  const encoder = 'encoders.0.encoder'
  for (const [found, said] of [
    [
      patches({ lowestFrequency: 4000 }),
      `${encoder}.lowestFrequency: expected less than highestFrequency, 4000 Hz, got 4000`,
    ],
    [
      patches({ highestFrequency: 5000 }),
      `${encoder}.highestFrequency: expected at most half of sampleRate, 4000 Hz, got 5000`,
    ],
    [patches({ fftSize: 257 }), `${encoder}.fftSize: expected an even number, got 257`],
    [patches({ fftSize: 128 }), `${encoder}.fftSize: expected at least windowSize, 200, got 128`],
    [
      patches({ hopSize: 201 }),
      `${encoder}.hopSize: expected at most windowSize, 200, for no sample to be skipped, got 201`,
    ],
    [
      patches({ hiddenSize: 15, heads: 3 }),
      `${encoder}.hiddenSize: expected an even number, half for each axis of the positions, got 15`,
    ],
    [heard(convolutions), undefined],
    [
      heard({ ...convolutions, fftSize: 512 }),
      `${encoder}.fftSize: expected at least windowSize, 743, got 512`,
    ],
    [
      spoken({ headSize: 7 }),
      'llm.headSize: expected an even number, since rotary positions turn pairs, got 7',
    ],
  ] as const) {
    assert.equal(found, said)
  }
})
