import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Runtime } from '../runtime/runtime.js'
import type { IntegrationConfig } from './config.js'
import { nothing } from './integration.js'
import { layOut } from './layout.js'
import { evaluate, LLM, largestDifference, Tiny } from './tiny.test.helper.js'

const TEXT = [3, 17, 4, 4, 9]
const INTEGRATIONS: Readonly<Record<string, IntegrationConfig>> = {
  plits: { kind: 'plits' },
  lal: { kind: 'lal' },
  'lal, its other settings': {
    kind: 'lal',
    positions: 'none',
    norm: 'own',
    projector: 'per-layer',
    layers: { from: 1 },
  },
  'pal, routed': { kind: 'pal', form: { routes: { speech: 'plits', general: 'lal' } } },
  'pal, unified': { kind: 'pal', form: { summaryTokens: 2 } },
  flamingo: { kind: 'flamingo', every: 2 },
}

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const [name, integration] of Object.entries(INTEGRATIONS)) {
  test(`${name}: without audio it is exactly the text-only language model`, async () => {
    const tiny = new Tiny(integration)
    const { sequenceStart } = layOut(integration, [])
    const heard = tiny.network.integrate([])
    const { states } = tiny.decode(heard, tiny.embed(TEXT), sequenceStart)
    const { logits } = await evaluate(runtime, { logits: tiny.network.decoder.logits(states) })
    assert.deepEqual(logits, await textOnlyLogits())
    assert.ok([...tiny.graph.parameters.keys()].every((parameter) => parameter.startsWith('llm.')))
  })
}

test('flamingo: gates of zero leave the language model untouched, whatever there is to hear', async () => {
  const tiny = new Tiny({ kind: 'flamingo', every: 2 })
  const heard = tiny.network.integrate([tiny.audio('general', 6)])
  const { states } = tiny.decode(heard, tiny.embed(TEXT), 0)
  const gates = [...tiny.graph.parameters.keys()].filter((parameter) => parameter.endsWith('gate'))
  assert.equal(gates.length, 4)
  const zeros = new Map(gates.map((gate) => [gate, new Float32Array(1)]))
  const { logits } = await evaluate(runtime, { logits: tiny.network.decoder.logits(states) }, zeros)
  // But for the last bits: what a block adds is added by the norm behind it, which rounds in another order.
  assert.ok(largestDifference(logits, await textOnlyLogits()) < 1e-6)
})

async function textOnlyLogits(): Promise<Float32Array> {
  const tiny = new Tiny({ kind: 'plits' }, LLM)
  const { states } = tiny.decode(nothing(tiny.network.decoder), tiny.embed(TEXT), 0)
  return (await evaluate(runtime, { logits: tiny.network.decoder.logits(states) })).logits
}
