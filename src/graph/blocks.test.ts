import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PalError } from '../errors.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { openBlockFile } from '../weights/block-tensors.js'
import { type Bits, BLOCK_SIZE, type Blocks, fromBlocks, toBlocks } from '../weights/blocks.js'
import { writeSafetensors } from '../weights/safetensors.js'
import type { BlockProducts } from './blocks.js'
import { add, tanh } from './elementwise.js'
import { gather } from './gather.js'
import { gradients } from './gradients.js'
import { matmul } from './matmul.js'
import { relativeError } from './parity.test.helper.js'
import { mean } from './reduce.js'
import { reshape, transpose } from './shape.js'
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
async function both(
  bits: Bits,
  build: (graph: Graph, weight: Tensor) => Tensor,
  {
    others = {},
    ...options
  }: {
    readonly others?: Readonly<Record<string, Float32Array>>
    readonly blockProducts?: BlockProducts
  } = {},
) {
  const blocks = toBlocks(weight, bits)
  const sources = [{ bits, blockSize: BLOCK_SIZE, ...blocks }, fromBlocks(blocks, bits)]
  const results: Float32Array[] = []
  for (const source of sources) {
    const graph = new Graph()
    const y = build(graph, graph.parameter('weight', [ROWS, COLUMNS]))
    const program = await runtime.compile({ y }, { weights: () => source, ...options })
    const feeds = { states, ids: BigInt64Array.from([3n, 0n, 95n]), ...others }
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

    for (const blockProducts of ['manyRows', 'training'] as const) {
      test(`a product for ${blockProducts}: that of the numbers`, async () => {
        const [inBlocks, inFloat] = await both(
          bits,
          (graph, w) => matmul(graph.input('states', [1, 5, COLUMNS]), w, { transposeB: true }),
          { blockProducts },
        )
        assert.ok(relativeError(inBlocks, inFloat) < 1e-6)
      })
    }

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

/** A tied embedding, looked up and multiplied with, and the gradient through it: in blocks, and with the numbers that they stand for. */
async function bothTrained(blocks: Blocks, bits: Bits, shape: readonly [number, number]) {
  const graph = new Graph()
  const weight = graph.parameter('weight', shape)
  const embedded = gather(weight, graph.input('ids', [1, 3], 'int64'))
  const own = graph.input('own', [1, 3, shape[1]])
  const scores = matmul(add(embedded, own), weight, { transposeB: true, scale: 0.5 })
  const loss = reshape(mean(tanh(scores), [0, 1, 2]), [])
  const [gradient] = gradients(loss, [own]) as readonly [Tensor]
  const results: Record<string, Float32Array>[] = []
  for (const source of [{ bits, blockSize: BLOCK_SIZE, ...blocks }, fromBlocks(blocks, bits)]) {
    const outputs = { scores, gradient }
    const program = await runtime.compile(outputs, { purpose: 'training', weights: () => source })
    const feeds = { own: states.subarray(0, 3 * shape[1]), ids: BigInt64Array.from([3n, 0n, 95n]) }
    const { outputs: found } = await program.run(feeds)
    results.push(
      Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array])),
    )
    await program.release()
  }
  const [inBlocks, inFloat] = results as [Record<string, Float32Array>, Record<string, Float32Array>]
  for (const [name, numbers] of Object.entries(inFloat)) {
    const error = relativeError(inBlocks[name], numbers)
    assert.ok(error < 1e-5, `${name}: ${error}`)
  }
}

describe('in training', () => {
  for (const bits of [4, 8] as const) {
    test(`${bits} bits give the products and gradients of the numbers that they stand for`, () =>
      bothTrained(toBlocks(weight, bits), bits, [ROWS, COLUMNS]))
  }

  test('so does an output head that is float32 piece by piece', () => {
    const rows = 2 ** 17 + 1000
    const values = Uint8Array.from({ length: rows * BLOCK_SIZE }, () => random.integer(256))
    const scales = Float32Array.from({ length: rows }, () => random.uniform(-0.01, 0.01))
    return bothTrained({ values, scales }, 8, [rows, BLOCK_SIZE])
  })

  test('few matrices are float32 at once', async () => {
    const [size, count] = [1536, 12]
    const folder = await mkdtemp(join(tmpdir(), 'pal-blocks-'))
    const file = join(folder, 'weights.safetensors')
    const bytes = Uint8Array.from({ length: size * size }, () => random.integer(256))
    const names = Array.from({ length: count }, (_, i) => `w${i}`)
    const tensors = names.flatMap((name, i) => [
      { name, shape: [size, size], dtype: 'U8' as const, data: async () => bytes },
      {
        name: `${name}.scales`,
        shape: [size, size / BLOCK_SIZE],
        data: async () => new Float32Array((size * size) / BLOCK_SIZE).fill(1e-4 * (i + 1)),
      },
    ])
    await writeSafetensors(file, tensors)
    const { blocks } = await openBlockFile(file)
    const graph = new Graph()
    const own = graph.input('own', [1, 3, size])
    const multiplied = (x: Tensor, name: string) =>
      tanh(matmul(x, graph.parameter(name, [size, size]), { transposeB: true }))
    const loss = reshape(mean(names.reduce(multiplied, own), [0, 1, 2]), [])
    const outputs = { gradient: gradients(loss, [own])[0]! }
    const before = process.memoryUsage.rss()
    const program = await runtime.compile(outputs, {
      purpose: 'training',
      weights: (name) => blocks.get(name),
    })
    await program.run({ own: normal(3 * size) })
    const mebibytes = (process.memoryUsage.rss() - before) / 2 ** 20
    await rm(folder, { recursive: true })
    const [stored, whole] = [1 + 4 / BLOCK_SIZE, 4].map((of) => (of * count * size * size) / 2 ** 20) as [
      number,
      number,
    ]
    assert.ok(
      mebibytes < stored + whole / 2,
      `${mebibytes} MiB of ${stored} in blocks and ${whole} as float32`,
    )
  })
})

test('a weight is given the other way round, too, but not alone', async () => {
  const others = { states: normal(5 * ROWS) }
  const [inBlocks, inFloat] = await both(4, (graph, w) => matmul(graph.input('states', [1, 5, ROWS]), w), {
    others,
  })
  assert.ok(relativeError(inBlocks, inFloat) < 1e-6)
  await assert.rejects(
    both(4, (_, w) => transpose(w, [1, 0])),
    (error) =>
      error instanceof PalError && /full precision for Transpose, got weight of 4 bits/.test(error.message),
  )
})
