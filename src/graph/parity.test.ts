import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { unfold } from '../nn/unfold.js'
import { Runtime } from '../runtime/runtime.js'
import { checkpoint } from './checkpoint.js'
import { convolve, maxPool } from './convolution.js'
import * as elementwise from './elementwise.js'
import { gather } from './gather.js'
import { gradients } from './gradients.js'
import { crossEntropy } from './loss.js'
import { type MatmulOptions, matmul } from './matmul.js'
import { layerNorm, rmsNorm, softmax } from './normalize.js'
import { readReference, relativeError } from './parity.test.helper.js'
import { mean, sum } from './reduce.js'
import { rotary } from './rotary.js'
import * as shape from './shape.js'
import { Graph, type Tensor } from './tensor.js'

/** Every operation and its gradients against PyTorch in float64 (reference/operations.py). */
const TOLERANCE = 1e-4

const { add, div, mul, sub } = elementwise
const product = (options?: MatmulOptions) => (a: Tensor, b?: Tensor) => matmul(a, b!, options)

const CASES: Readonly<Record<string, (...inputs: [Tensor, ...Tensor[]]) => Tensor>> = {
  add: (a, b) => add(a, b!),
  'add of two broadcasts': (a, b) => add(a, b!),
  'add of a number': (a) => add(a, 1.5),
  sub: (a, b) => sub(a, b!),
  mul: (a, b) => mul(a, b!),
  'mul by itself': (a) => mul(a, a),
  div: (a, b) => div(a, b!),
  'div by a column': (a, b) => div(a, b!),
  clampMin: (a) => elementwise.clampMin(a, 0.1),
  neg: elementwise.neg,
  exp: elementwise.exp,
  log: elementwise.log,
  sqrt: elementwise.sqrt,
  tanh: elementwise.tanh,
  sigmoid: elementwise.sigmoid,
  silu: elementwise.silu,
  erf: elementwise.erf,
  gelu: elementwise.gelu,
  sum: (a) => sum(a, [0, 2]),
  mean: (a) => mean(a, [1, -1]),
  softmax,
  rmsNorm: (a, gain) => rmsNorm(a, gain!, 1e-5),
  layerNorm: (a, gain, bias) => layerNorm(a, gain!, bias!, 1e-5),
  matmul: product(),
  'matmul of a batch by a matrix': product(),
  'matmul of broadcast batches': product(),
  'matmul of grouped heads': product({ transposeB: true, scale: 0.5 }),
  'matmul of grouped weights': product(),
  'matmul with b transposed': product({ transposeB: true }),
  'matmul with a transposed': product({ transposeA: true }),
  'matmul with a transposed, b a matrix': product({ transposeA: true }),
  'matmul with both transposed': product({ transposeA: true, transposeB: true, scale: 0.5 }),
  rotary: (a) => rotary(a, integers(a, [3, 0, 1, 2], [2, 2]), table(a, Math.cos), table(a, Math.sin)),
  gather: (a) => gather(a, integers(a, [2, 0, 2, 1, 2, 2], [2, 3])),
  crossEntropy: (a) => crossEntropy(a, integers(a, [4, 0, 2, 0], [4])),
  reshape: (a) => shape.reshape(a, [3, 4]),
  transpose: (a) => shape.transpose(a, [2, 0, 1]),
  concat: (...parts) => shape.concat(parts, 1),
  slice: (a) => shape.slice(a, 1, 1, 4),
  tail: (a) => shape.tail(a, 1),
  padAxis: (a) => shape.padAxis(a, 1, 2, 1),
  broadcastTo: (a) => shape.broadcastTo(a, [4, 2, 2, 3]),
  addAll: (...all) => all.reduce((total, one) => elementwise.add(total, one)),
  split: (a) => {
    const like = [1, 3, 2].map((length) => a.graph.constant(new Float32Array(2 * length), [2, length]))
    const [first, , third] = shape.split(a, 1, like)
    return mul(first!, third!)
  },
  unfold: (a) => unfold(a, 5, 2),
  'unfold without overlap': (a) => unfold(a, 2, 2),
  'unfold with gaps': (a) => unfold(a, 2, 3),
  convolve: (a, weight) => convolve(a, weight!),
  'convolve with padding and a bias': (a, weight, bias) => convolve(a, weight!, { padding: 1, bias: bias! }),
  'convolve by strides, with more zeros behind': (a, weight) =>
    convolve(a, weight!, { stride: 2, padding: [0, 1] }),
  'convolve in groups': (a, weight) => convolve(a, weight!, { padding: 1, groups: 2 }),
  'convolve, depthwise by strides': (a, weight, bias) =>
    convolve(a, weight!, { stride: 2, padding: [0, 1], groups: 4, bias: bias! }),
  'convolve, dilated': (a, weight) => convolve(a, weight!, { stride: 3, dilation: 2, padding: 1, groups: 2 }),
  maxPool: (a) => maxPool(a, 2),
  checkpoint: (a, w) =>
    checkpoint(a.graph, true, () => elementwise.tanh(matmul(elementwise.gelu(matmul(mul(a, 2), w!)), w!))),
}

const { tensors } = await readReference('graph/parity.test.safetensors')

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const [name, build] of Object.entries(CASES)) {
  test(`${name}: result and gradients are PyTorch's`, async () => {
    const graph = new Graph()
    const feeds: Record<string, Float32Array> = {}
    const inputs: Tensor[] = []
    for (let i = 0; tensors.has(`${name}/input ${i}`); i++) {
      const { shape: dims, data } = stored(`${name}/input ${i}`)
      inputs.push(graph.input(`input ${i}`, dims))
      feeds[`input ${i}`] = data
    }
    const result = build(...(inputs as [Tensor, ...Tensor[]]))
    const weights = stored(`${name}/weights`)
    assert.deepEqual(result.shape, weights.shape)
    const weighted = mul(result, graph.constant(weights.data, weights.shape))
    const loss = sum(
      weighted,
      weighted.shape.map((_, axis) => axis),
    )
    const found = gradients(loss, inputs).map((gradient, i) => [`gradient ${i}`, gradient] as const)
    const program = await runtime.compile({ result, ...Object.fromEntries(found) })
    const { outputs } = await program.run(feeds)
    for (const [output, { data, dims }] of Object.entries(outputs)) {
      const expected = stored(`${name}/${output}`)
      assert.deepEqual(dims, expected.shape, output)
      const error = relativeError(data, expected.data)
      assert.ok(error < TOLERANCE, `${output}: relative error ${error}`)
    }
  })
}

test('the reference has no operation that is not checked here', () => {
  const names = new Set([...tensors.keys()].map((key) => key.split('/')[0]))
  assert.deepEqual([...names].sort(), Object.keys(CASES).sort())
})

function stored(name: string) {
  const tensor = tensors.get(name)
  if (!tensor) throw new Error(`the reference has no "${name}"`)
  return tensor
}

function integers(like: Tensor, values: readonly number[], dims: readonly number[]): Tensor {
  return like.graph.constant(BigInt64Array.from(values, BigInt), dims)
}

/** Of angles position · 0.7/(i + 1), for six positions. */
function table(like: Tensor, turn: (angle: number) => number): Tensor {
  const angles = Float32Array.from({ length: 18 }, (_, i) => turn((Math.floor(i / 3) * 0.7) / ((i % 3) + 1)))
  return like.graph.constant(angles, [6, 3])
}
