import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitHeads } from '../nn/attention.js'
import { attend } from './attend.js'
import { reshape } from './shape.js'
import { Graph, type Shape } from './tensor.js'

const graph = new Graph()
const given = (shape: Shape) => graph.input(`x${graph.inputs.size}`, shape)

test('lengths that do not divide are refused, by the line that asked for them', () => {
  const x = given([1, 5, 64])
  const message = /^reshape: expected whole lengths, not \[1, 5, 5, 12\.8\], got x0 \[1, 5, 64\]/
  assert.throws(() => reshape(x, [1, 5, 5, 64 / 5]), { name: 'PalError', message })
  assert.throws(() => splitHeads(x, 5), /expected whole lengths.*splitHeads/)
})

test('attend: as many values as each query has scores, under the same leading axes, and lengths that are known', () => {
  assert.deepEqual(attend(given([2, 3, 5]), given([2, 5, 8])).shape, [2, 3, 8])
  for (const [scores, values] of [
    [
      [2, 3, 5],
      [4, 7, 8],
    ],
    [
      [2, 3, 5],
      [2, 7, 8],
    ],
    [
      [2, 3, 5],
      [4, 5, 8],
    ],
    [
      [2, 3, 5],
      [5, 8],
    ],
    [[5], [5, 8]],
    [
      [2, 'queries', 5],
      [2, 5, 8],
    ],
  ] as const) {
    const message =
      /^attend: expected known lengths \[\.\.\., queries, length\] and \[\.\.\., length, size\], got /
    assert.throws(() => attend(given(scores), given(values)), { name: 'PalError', message })
  }
})
