import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitHeads } from '../nn/attention.js'
import { attend } from './attend.js'
import { type ConvolutionOptions, convolve } from './convolution.js'
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

test('convolve: as many channels as the weights have in all groups, and a kernel that fits in', () => {
  const convolved = (a: Shape, weight: Shape, options?: ConvolutionOptions) =>
    convolve(given(a), given(weight), options).shape
  assert.deepEqual(
    convolved([2, 4, 8, 6], [6, 2, 3, 3], { groups: 2, stride: 2, padding: [0, 1] }),
    [2, 6, 4, 3],
  )
  for (const [a, weight, options, message] of [
    [
      [2, 4, 8, 6],
      [6, 2, 3, 3],
      {},
      /^convolve: expected \[batch, channels, …, …\] and \[into, channels, …, …\], got /,
    ],
    [[2, 4, 8, 6], [6, 4, 3, 3], { groups: 2 }, /and \[into, channels\/2, …, …\], got /],
    [[2, 4, 8], [6, 4, 3], {}, /and \[into, channels, …, …\], got /],
    [[2, 4, 8, 6], [5, 2, 3, 3], { groups: 2 }, /^convolve: expected weights for 2 groups alike, got /],
    [[2, 4, 8, 4], [6, 4, 3, 3], { dilation: 2 }, /^convolve: expected a kernel that fits in, got /],
  ] as const) {
    assert.throws(() => convolved(a, weight, options), { name: 'PalError', message })
  }
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
