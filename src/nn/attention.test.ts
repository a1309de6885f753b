import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mul } from '../graph/elementwise.js'
import { gradients } from '../graph/gradients.js'
import { relativeError } from '../graph/parity.test.helper.js'
import { sum } from '../graph/reduce.js'
import { Graph } from '../graph/tensor.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { attention, causalBlocks, MASKED } from './attention.js'

const [BATCH, HEADS, KEY_VALUE_HEADS, TIME, SIZE, AUDIO] = [2, 4, 2, 300, 8, 5]
const HIDDEN = 3
const random = new Random('attention')
const normal = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
})
const given = {
  queries: normal(BATCH, KEY_VALUE_HEADS, HEADS / KEY_VALUE_HEADS, TIME, SIZE),
  memoryKeys: normal(BATCH, KEY_VALUE_HEADS, 1, AUDIO, SIZE),
  memoryValues: normal(BATCH, KEY_VALUE_HEADS, 1, AUDIO, SIZE),
  keys: normal(BATCH, KEY_VALUE_HEADS, 1, TIME, SIZE),
  values: normal(BATCH, KEY_VALUE_HEADS, 1, TIME, SIZE),
}
const weights = normal(BATCH, TIME, HEADS * SIZE)

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** What attention makes of the same tensors, and the gradients of all of them. */
async function run(options: { causal: boolean; checkpointing: boolean; withMemory: boolean }) {
  const graph = new Graph()
  const tensors = Object.fromEntries(
    Object.entries(given).map(([name, { shape }]) => [name, graph.input(name, shape)] as const),
  ) as Record<keyof typeof given, ReturnType<Graph['input']>>
  const { queries, memoryKeys, memoryValues, keys, values } = tensors
  const own = { keys, values, mask: causalMask(graph), causal: options.causal }
  const memory = options.withMemory ? [{ keys: memoryKeys, values: memoryValues }] : []
  const y = attention(queries, [...memory, own], options)
  const loss = sum(mul(y, graph.constant(weights.data, weights.shape)), [0, 1, 2])
  const names = (Object.keys(given) as (keyof typeof given)[]).filter(
    (name) => options.withMemory || !name.startsWith('memory'),
  )
  const found = gradients(
    loss,
    names.map((name) => tensors[name]),
  )
  const outputs = { y, ...Object.fromEntries(names.map((name, i) => [`gradient of ${name}`, found[i]!])) }
  const program = await runtime.compile(outputs, { purpose: 'training' })
  const feeds = Object.fromEntries(names.map((name) => [name, given[name].data]))
  return (await program.run(feeds)).outputs
}

/** Nobody sees what comes later, nor, in the second of the batch, the first few. */
function causalMask(graph: Graph) {
  const mask = new Float32Array(BATCH * TIME * TIME)
  for (let i = 0; i < mask.length; i++) {
    const [key, query, row] = [i % TIME, Math.floor(i / TIME) % TIME, Math.floor(i / TIME / TIME)]
    if (key > query || (row === 1 && key < HIDDEN && query >= HIDDEN)) mask[i] = MASKED
  }
  return graph.constant(mask, [BATCH, 1, 1, TIME, TIME])
}

for (const checkpointing of [false, true]) {
  for (const withMemory of [false, true]) {
    const name = `${checkpointing ? 'checkpointed' : 'kept'}, ${withMemory ? 'with' : 'without'} a memory`
    test(`causal queries, block by block, get what they get all at once: ${name}`, async () => {
      const atOnce = await run({ causal: false, checkpointing: false, withMemory })
      const byBlock = await run({ causal: true, checkpointing, withMemory })
      for (const [output, { data }] of Object.entries(atOnce)) {
        const error = relativeError(byBlock[output]!.data as Float32Array, data as Float32Array)
        assert.ok(error < 1e-5, `${output}: ${error}`)
      }
    })
  }
}

test('blocks follow one another and cover all queries; few are one block', () => {
  assert.deepEqual(causalBlocks(255), [{ start: 0, end: 255 }])
  assert.deepEqual(causalBlocks(300), [
    { start: 0, end: 150 },
    { start: 150, end: 300 },
  ])
  assert.deepEqual(
    causalBlocks(576).map(({ end }) => end),
    [144, 288, 432, 576],
  )
})
