import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Runtime } from '../runtime/runtime.js'
import { mul } from './elementwise.js'
import { gather } from './gather.js'
import { gradients } from './gradients.js'
import { sum } from './reduce.js'
import { Graph } from './tensor.js'

test('gather: no gradient is lost when threads meet at a row', async () => {
  const [rows, width, count] = [8, 256, 2048]
  const graph = new Graph()
  const table = graph.input('table', [rows, width])
  const indices = graph.constant(
    BigInt64Array.from({ length: count }, (_, i) => BigInt(i % rows)),
    [count],
  )
  const weighted = mul(gather(table, indices), graph.input('weights', [count, 1]))
  const [gradient] = gradients(sum(weighted, [0, 1]), [table])
  const weights = Float32Array.from({ length: count }, (_, i) => i % 13)
  const sums = Array.from({ length: rows }, (_, row) =>
    weights.filter((_, i) => i % rows === row).reduce((total, weight) => total + weight, 0),
  )

  const runtime = await Runtime.start({ threads: 2 })
  try {
    const program = await runtime.compile({ gradient: gradient! })
    for (let attempt = 0; attempt < 5; attempt++) {
      const { outputs } = await program.run({ table: new Float32Array(rows * width), weights })
      assert.deepEqual(
        outputs.gradient?.data,
        Float32Array.from({ length: rows * width }, (_, i) => sums[Math.floor(i / width)] as number),
      )
    }
  } finally {
    await runtime.close()
  }
})
