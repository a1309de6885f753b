import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { mul } from './elementwise.js'
import { gradients } from './gradients.js'
import { sum } from './reduce.js'
import { reshape } from './shape.js'
import { Graph, type Shape, type Tensor } from './tensor.js'

/**
 * The largest difference between the gradients of an expression and central finite differences,
 * relative to the largest gradient of each input.
 * @param build from inputs of the given shapes to one tensor, which is weighted at random and summed
 * @param sample draws an input's elements (by default standard normal)
 */
export async function gradientError(
  shapes: readonly (readonly number[])[],
  build: (...inputs: Tensor[]) => Tensor,
  sample: (random: Random) => number = (random) => random.normal(),
): Promise<number> {
  const random = new Random('gradient', ...shapes.map((shape) => shape.join('x')))
  const graph = new Graph()
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, shape))
  const result = build(...inputs)
  const size = result.shape.reduce<number>((product, dim) => product * Number(dim), 1)
  const weights = graph.constant(
    Float32Array.from({ length: size }, () => random.normal()),
    result.shape as readonly number[],
  )
  const loss = reshape(sum(mul(result, weights), axesOf(result.shape)), [])
  const wanted = gradients(loss, inputs)

  const runtime = await Runtime.start({ threads: 1 })
  try {
    const program = await runtime.compile({ loss, ...Object.fromEntries(wanted.map((g, i) => [`g${i}`, g])) })
    const feeds: Record<string, Float32Array> = {}
    for (const { name, shape } of inputs) {
      feeds[name] = Float32Array.from({ length: countOf(shape) }, () => sample(random))
    }
    const { outputs } = await program.run(feeds)
    let worst = 0
    for (const [i, { name }] of inputs.entries()) {
      const expected = outputs[`g${i}`]?.data as Float32Array
      const scale = Math.max(1e-3, ...expected.map(Math.abs))
      for (const at of expected.keys()) {
        const values = feeds[name] as Float32Array
        const original = values[at] as number
        const step = 1e-2
        const lossAt = async (value: number) => {
          values[at] = value
          return Number((await program.run(feeds)).outputs.loss?.data[0])
        }
        const slope = ((await lossAt(original + step)) - (await lossAt(original - step))) / (2 * step)
        values[at] = original
        worst = Math.max(worst, Math.abs(slope - (expected[at] as number)) / scale)
      }
    }
    return worst
  } finally {
    await runtime.close()
  }
}

function axesOf(shape: Shape): readonly number[] {
  return shape.map((_, axis) => axis)
}

function countOf(shape: Shape): number {
  return shape.reduce<number>((product, dim) => product * Number(dim), 1)
}
