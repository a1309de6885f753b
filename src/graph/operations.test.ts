import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkpoint } from './checkpoint.js'
import { convolve, maxPool } from './convolution.js'
import * as elementwise from './elementwise.js'
import { gradientError } from './finite-differences.test.helper.js'
import { gather } from './gather.js'
import { crossEntropy } from './loss.js'
import { matmul } from './matmul.js'
import { layerNorm, rmsNorm, softmax } from './normalize.js'
import { pick } from './pick.js'
import { max, mean, sum } from './reduce.js'
import { rotary } from './rotary.js'
import { broadcastTo, concat, padAxis, reshape, slice, tail, transpose } from './shape.js'
import type { Tensor } from './tensor.js'

/** Float32 central differences are good to about this much. */
const TOLERANCE = 5e-3
const positive = (random: { uniform(a: number, b: number): number }) => random.uniform(0.5, 2)

type Case = readonly [
  name: string,
  shapes: readonly (readonly number[])[],
  build: (...inputs: Tensor[]) => Tensor,
  sample?: typeof positive,
]

const CASES: readonly Case[] = [
  ['add', [[2, 3], [3]], (a, b) => elementwise.add(a!, b!)],
  [
    'sub',
    [
      [2, 3],
      [2, 1],
    ],
    (a, b) => elementwise.sub(a!, b!),
  ],
  [
    'mul',
    [
      [2, 1, 3],
      [4, 1],
    ],
    (a, b) => elementwise.mul(a!, b!),
  ],
  ['div', [[2, 3], [3]], (a, b) => elementwise.div(a!, b!), positive],
  ['neg', [[3]], (a) => elementwise.neg(a!)],
  ['exp', [[4]], (a) => elementwise.exp(a!)],
  ['log', [[4]], (a) => elementwise.log(a!), positive],
  ['sqrt', [[4]], (a) => elementwise.sqrt(a!), positive],
  ['tanh', [[4]], (a) => elementwise.tanh(a!)],
  ['sigmoid', [[4]], (a) => elementwise.sigmoid(a!)],
  ['silu', [[4]], (a) => elementwise.silu(a!)],
  ['erf', [[4]], (a) => elementwise.erf(a!)],
  ['gelu', [[4]], (a) => elementwise.gelu(a!)],
  ['clampMin', [[6]], (a) => elementwise.clampMin(a!, 1), positive],
  ['sum', [[2, 3, 2]], (a) => sum(a!, [0, 2])],
  ['max', [[2, 3, 4]], (a) => max(a!, [0, 2])],
  [
    'convolve',
    [[2, 3, 4, 5], [2, 3, 3, 3], [2]],
    (a, weight, bias) => convolve(a!, weight!, { padding: 1, bias: bias! }),
  ],
  [
    'convolve in groups, by strides, with more zeros behind',
    [
      [2, 4, 5, 6],
      [6, 2, 3, 3],
    ],
    (a, weight) => convolve(a!, weight!, { stride: 2, padding: [0, 1], groups: 2 }),
  ],
  [
    'convolve, depthwise and dilated',
    [
      [2, 3, 7, 6],
      [3, 1, 3, 2],
    ],
    (a, weight) => convolve(a!, weight!, { stride: 3, dilation: 2, padding: 1, groups: 3 }),
  ],
  ['maxPool', [[2, 2, 4, 6]], (a) => maxPool(a!, 2)],
  ['floor', [[4]], (a) => elementwise.mul(elementwise.floor(a!), a!), (random) => random.uniform(1.1, 1.9)],
  [
    'toIndices',
    [[3, 2]],
    (a) => gather(a!, elementwise.toIndices(a!.graph.constant(Float32Array.of(2, 0, 2), [3]))),
  ],
  ['mean', [[2, 3]], (a) => mean(a!, [-1])],
  ['reshape', [[2, 6]], (a) => reshape(a!, [3, 4])],
  ['transpose', [[2, 3, 4]], (a) => transpose(a!, [2, 0, 1])],
  [
    'concat',
    [
      [2, 3],
      [2, 1],
    ],
    (a, b) => concat([a!, b!], 1),
  ],
  ['slice', [[2, 5]], (a) => slice(a!, 1, 1, 4)],
  ['tail', [[2, 5]], (a) => tail(a!, 1, 2)],
  ['padAxis', [[2, 3]], (a) => padAxis(a!, 1, 2, 1)],
  ['broadcastTo', [[2, 1, 3]], (a) => broadcastTo(a!, [4, 2, 2, 3])],
  [
    'matmul',
    [
      [2, 3, 4],
      [4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  [
    'matmul of batches',
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  [
    'matmul b transposed',
    [
      [2, 3, 4],
      [5, 4],
    ],
    (a, b) => matmul(a!, b!, { transposeB: true, scale: 0.5 }),
  ],
  [
    'matmul a transposed',
    [
      [2, 4, 3],
      [2, 4, 2],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true }),
  ],
  [
    'matmul both transposed',
    [
      [4, 3],
      [2, 4],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true, transposeB: true }),
  ],
  ['gather', [[4, 3]], (a) => gather(a!, integers(a!, [2, 0, 2], [3]))],
  [
    'pick',
    [[3, 2]],
    (a) => pick(a!, { from: integers(a!, [2, 0, 1], [3]), to: integers(a!, [1, 2, 0], [3]) }),
  ],
  [
    'pick of some rows',
    [[4, 2]],
    (a) => {
      const picked = a!.graph.constant(Float32Array.of(1, 0, 1, 0), [4, 1])
      return pick(a!, { from: integers(a!, [2, 0], [2]), to: integers(a!, [1, 0, 0, 0], [4]), picked })
    },
  ],
  ['gather of matrices', [[3, 2, 2]], (a) => gather(a!, integers(a!, [1, 1, 0, 2], [2, 2]))],
  ['softmax', [[2, 4]], (a) => softmax(a!)],
  ['rmsNorm', [[2, 4], [4]], (a, gain) => rmsNorm(a!, gain!, 1e-5)],
  ['layerNorm', [[3, 4], [4], [4]], (a, gain, bias) => layerNorm(a!, gain!, bias!, 1e-5)],
  ['crossEntropy', [[3, 5]], (a) => crossEntropy(a!, integers(a!, [4, 0, 2], [3]))],
  [
    'rotary',
    [[1, 3, 8]],
    (a) => rotary(a!, integers(a!, [0, 1, 5], [1, 3]), table(a!, Math.cos), table(a!, Math.sin)),
  ],
  [
    'checkpoint',
    [
      [2, 3],
      [3, 3],
    ],
    (a, w) =>
      checkpoint(a!.graph, true, () =>
        elementwise.tanh(matmul(elementwise.gelu(matmul(elementwise.mul(a!, 2), w!)), w!)),
      ),
  ],
]

for (const [name, shapes, build, sample] of CASES) {
  test(`${name}: gradient equals finite differences`, async () => {
    const error = await gradientError(shapes, build, sample)
    assert.ok(error < TOLERANCE, `relative error ${error}`)
  })
}

function integers(like: Tensor, values: readonly number[], shape: readonly number[]): Tensor {
  return like.graph.constant(BigInt64Array.from(values, BigInt), shape)
}

function table(like: Tensor, turn: (angle: number) => number): Tensor {
  return like.graph.constant(
    Float32Array.from({ length: 12 }, (_, i) => turn(Math.floor(i / 2) / (i % 2 ? 10 : 1))),
    [6, 2],
  )
}
