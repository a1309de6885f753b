import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readReference } from '../graph/parity.test.helper.js'
import type { Tensor } from '../graph/tensor.js'
import type { KeyValues } from '../nn/attention.js'
import { Runtime } from '../runtime/runtime.js'
import { nothing } from './integration.js'
import { evaluate, LLM, largestDifference, Tiny } from './tiny.test.helper.js'

const AUDIO = 7

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('a stock Llama that starts from the memory as its cache gives the same logits', async () => {
  const { tensors } = await readReference('integration/lal.test.safetensors')
  const given = new Map([...tensors].map(([name, { data }]) => [name, data]))
  const tiny = new Tiny({ kind: 'lal' })
  const heard = tiny.network.integrate([tiny.audio('audio', AUDIO)])
  const { states } = tiny.decode(heard, tiny.embed([...given.get('ids')!]), AUDIO)
  const { logits } = await evaluate(runtime, { logits: tiny.network.decoder.logits(states) }, given)
  assert.ok(largestDifference(logits, given.get('logits')!) < 1e-5)
})

test('the memory does not depend on the text: computed once, it is fed like a cache', async () => {
  const ids = [1, 2, 3, 4, 5]
  const whole = new Tiny({ kind: 'lal' })
  const heard = whole.network.integrate([whole.audio('audio', AUDIO)])
  const { states } = whole.decode(heard, whole.embed(ids), AUDIO)
  const outputs: Record<string, Tensor> = { logits: whole.network.decoder.logits(states) }
  for (const [layer, stretches] of heard.memory.entries()) {
    const [{ keys, values }] = stretches as [KeyValues]
    outputs[`keys ${layer}`] = keys
    outputs[`values ${layer}`] = values
  }
  const first = await evaluate(runtime, outputs)

  const cached = new Tiny({ kind: 'plits' })
  const shape = [1, LLM.keyValueHeads, 1, AUDIO, LLM.headSize]
  const memory = heard.memory.map((_, layer): readonly KeyValues[] => [
    {
      keys: cached.graph.input(`keys ${layer}`, shape),
      values: cached.graph.input(`values ${layer}`, shape),
    },
  ])
  const onlyCache = { ...nothing(cached.network.decoder), memory }
  const again = cached.decode(onlyCache, cached.embed(ids), AUDIO)
  const { logits } = await evaluate(
    runtime,
    { logits: cached.network.decoder.logits(again.states) },
    new Map(Object.entries(first)),
  )
  assert.ok(largestDifference(logits, first.logits as Float32Array) < 1e-6)
})

test('at layer 0, PLITS and LAL have the same audio keys and values', async () => {
  const [plits, lal] = [new Tiny({ kind: 'plits' }), new Tiny({ kind: 'lal' })]
  const [asSequence, asMemory] = [plits, lal].map((tiny) =>
    tiny.network.integrate([tiny.audio('audio', AUDIO)]),
  )
  const { decoder } = plits.network
  const entering = decoder.inputNorm(0, asSequence!.sequence[0]!.tokens)
  const inSequence = decoder.keyValues(0, entering, plits.positions(0, AUDIO))
  const [inMemory] = asMemory!.memory[0] as [KeyValues]
  const ours = await evaluate(runtime, { keys: inMemory.keys, values: inMemory.values })
  const theirs = await evaluate(runtime, { keys: inSequence.keys, values: inSequence.values })
  for (const name of ['keys', 'values'] as const) {
    assert.ok(largestDifference(ours[name], theirs[name]) < 1e-6, name)
  }
})
