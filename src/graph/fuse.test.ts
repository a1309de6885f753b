import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { checkpoint } from './checkpoint.js'
import { add, mul } from './elementwise.js'
import { fuseResidualNorms } from './fuse.js'
import { gradients } from './gradients.js'
import { neededNodes } from './needed-nodes.js'
import { rmsNorm } from './normalize.js'
import { relativeError } from './parity.test.helper.js'
import { sum } from './reduce.js'
import { Graph, type Tensor } from './tensor.js'

const [TIME, SIZE] = [3, 8]
const random = new Random('fuse')
const normal = (length: number) => Float32Array.from({ length }, () => random.normal())
const given = { a: normal(TIME * SIZE), b: normal(TIME * SIZE) }
const gains = normal(SIZE)

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** A sum, what a norm makes of it, and both together, as a layer does. */
function layer() {
  const graph = new Graph()
  const [a, b] = ['a', 'b'].map((name) => graph.input(name, [1, TIME, SIZE])) as [Tensor, Tensor]
  const gain = graph.parameter('gain', [SIZE])
  const total = add(a, b)
  const normed = rmsNorm(total, gain, 1e-5)
  return { graph, a, b, gain, total, normed, states: add(total, normed) }
}

const typesOf = (outputs: readonly Tensor[]) =>
  fuseResidualNorms(neededNodes(outputs), outputs).map(({ operation }) => operation.type)

test('a residual sum is computed by the norm that reads it, and is there for others', async () => {
  const { states, total, normed } = layer()
  assert.deepEqual(typesOf([states]).slice(3), ['SkipSimplifiedLayerNormalization', 'Add'])
  const program = await runtime.compile({ states, total, normed }, { weights: () => gains })
  const { outputs } = await program.run(given)

  const sums = given.a.map((value, i) => value + given.b[i]!)
  const expected = sums.map((value, i) => {
    const row = sums.subarray(i - (i % SIZE), i - (i % SIZE) + SIZE)
    const meanSquare = row.reduce((all, one) => all + one * one, 0) / SIZE
    return (value / Math.sqrt(meanSquare + 1e-5)) * gains[i % SIZE]!
  })
  const close = (name: string, values: Float32Array) =>
    assert.ok(relativeError(outputs[name]!.data as Float32Array, values) < 1e-6, name)
  close('total', sums)
  close('normed', expected)
  close(
    'states',
    sums.map((value, i) => value + expected[i]!),
  )
})

test('where a gradient reads the norm’s statistics, it stays a norm', () => {
  const { states, a } = layer()
  const found = gradients(sum(mul(states, states), [0, 1, 2]), [a])
  assert.ok(!typesOf([states, ...found]).includes('SkipSimplifiedLayerNormalization'))
})

test('in a checkpointed segment it stays a norm, as what is computed again for the gradient does', () => {
  const { graph, a, b, gain } = layer()
  const states = checkpoint(graph, true, () => {
    const total = add(a, b)
    return add(total, rmsNorm(total, gain, 1e-5))
  })
  const found = gradients(sum(mul(states, states), [0, 1, 2]), [a])
  assert.ok(!typesOf([states, ...found]).includes('SkipSimplifiedLayerNormalization'))
})

test('a sum that broadcasts, and a gain that is computed, stay as they are', () => {
  const { graph, a, gain, total } = layer()
  const broadcast = rmsNorm(add(a, graph.input('column', [1, TIME, 1])), gain, 1e-5)
  assert.ok(!typesOf([broadcast]).includes('SkipSimplifiedLayerNormalization'))
  assert.ok(!typesOf([rmsNorm(total, mul(gain, 2), 1e-5)]).includes('SkipSimplifiedLayerNormalization'))
})
