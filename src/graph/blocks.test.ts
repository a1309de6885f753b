import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PalError } from '../errors.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { type Bits, BLOCK_SIZE, fromBlocks, toBlocks } from '../weights/blocks.js'
import { gather } from './gather.js'
import { matmul } from './matmul.js'
import { Graph, type Tensor } from './tensor.js'

const [ROWS, COLUMNS] = [96, 64]
const random = new Random('blocks')
const normal = (length: number) => Float32Array.from({ length }, () => random.normal())
const weight = normal(ROWS * COLUMNS)
const states = normal(5 * COLUMNS)

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** The same graph with the weight in blocks, and with the numbers that they stand for. */
async function both(bits: Bits, build: (graph: Graph, weight: Tensor) => Tensor) {
  const blocks = toBlocks(weight, bits)
  const sources = [{ bits, blockSize: BLOCK_SIZE, ...blocks }, fromBlocks(blocks, bits)]
  const results: Float32Array[] = []
  for (const source of sources) {
    const graph = new Graph()
    const y = build(graph, graph.parameter('weight', [ROWS, COLUMNS]))
    const program = await runtime.compile({ y }, { weights: () => source })
    const feeds = { states, ids: BigInt64Array.from([3n, 0n, 95n]) }
    results.push((await program.run(feeds)).outputs.y!.data as Float32Array)
  }
  return results as [Float32Array, Float32Array]
}

for (const bits of [4, 8] as const) {
  describe(`${bits} bits`, () => {
    test('a product: that of the numbers, but for activations rounded to 8 bits', async () => {
      const [inBlocks, inFloat] = await both(bits, (graph, w) =>
        matmul(graph.input('states', [1, 5, COLUMNS]), w, { transposeB: true }),
      )
      const norm = (values: Float32Array) => Math.hypot(...values)
      const error = norm(inBlocks.map((value, i) => value - inFloat[i]!)) / norm(inFloat)
      assert.ok(error < 0.01, `${error}`)
    })

    test('rows of a table: the same numbers', async () => {
      const [inBlocks, inFloat] = await both(bits, (graph, w) =>
        gather(w, graph.input('ids', [1, 3], 'int64')),
      )
      assert.deepEqual(inBlocks, inFloat)
    })

    test('one weight as a table and as a product', async () => {
      const [inBlocks, inFloat] = await both(bits, (graph, w) =>
        matmul(gather(w, graph.input('ids', [1, 3], 'int64')), w, { transposeB: true }),
      )
      for (const [i, value] of inFloat.entries()) assert.ok(Math.abs(inBlocks[i]! - value) < 1, `${value}`)
    })
  })
}

test('what needs the weight the other way round is refused', async () => {
  const untransposed = (graph: Graph, w: Tensor) => matmul(graph.input('states', [1, 5, ROWS]), w)
  await assert.rejects(
    both(4, untransposed),
    (error) =>
      error instanceof PalError && /full precision for MatMul, got weight of 4 bits/.test(error.message),
  )
})
