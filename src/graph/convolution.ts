import { sum, toLargest } from './reduce.js'
import { reshape, transpose } from './shape.js'
import { apply, fixed, type Operation, shapeError, type Tensor } from './tensor.js'

export interface ConvolutionOptions {
  /** Zeros on all four sides. @default 0 */
  readonly padding?: number
  /** [into], added to what comes out. */
  readonly bias?: Tensor
}

/**
 * A convolution over the last two axes, every step:
 * [batch, channels, rows, columns] and weights [into, channels, height, width] → [batch, into, rows', columns'].
 */
export function convolve(a: Tensor, weight: Tensor, { padding = 0, bias }: ConvolutionOptions = {}): Tensor {
  if (a.shape.length !== 4 || weight.shape.length !== 4 || a.shape[1] !== weight.shape[1]) {
    throw shapeError('convolve', '[batch, channels, …, …] and [into, channels, …, …]', a, weight)
  }
  const [batch, , ...size] = a.shape
  const [into, , ...kernel] = weight.shape.map(fixed) as [number, number, number, number]
  const shape = size.map((length, i) => fixed(length) + 2 * padding - (kernel[i] as number) + 1)
  if (Math.min(...shape) < 1) throw shapeError('convolve', 'a kernel that fits in', a, weight)
  if (bias && bias.shape.join() !== `${into}`) throw shapeError('convolve', `a bias of [${into}]`, bias)
  const pads = [padding, padding, padding, padding]
  return apply(CONVOLVE, [a, weight, ...(bias ? [bias] : [])], [batch!, into, ...shape], {
    attributes: { pads },
  })
}

const CONVOLVE: Operation = {
  type: 'Conv',
  gradient: ({ inputs: [a, weight, bias], attributes }, [g]) => {
    const pads = attributes.pads as readonly [number, number, number, number]
    const forA = apply(CONVOLVE_BACK, [g!, weight!], a!.shape, { attributes: { pads } })
    // The gradient of a weight is a convolution, too: of the channels as a batch, by the gradient as a kernel.
    const flip = [1, 0, 2, 3]
    const [images, kernels] = [a!, g!].map((one) => transpose(one, flip)) as [Tensor, Tensor]
    const forWeight = transpose(convolve(images, kernels, { padding: pads[0] }), flip)
    return [forA, forWeight, bias && reshape(sum(g!, [0, 2, 3]), bias.shape)]
  },
}

/** Once more differentiated by nobody. */
const CONVOLVE_BACK: Operation = { type: 'ConvTranspose' }

/** The largest of each square of `size` × `size` over the last two axes, which hold whole squares. */
export function maxPool(a: Tensor, size: number): Tensor {
  const [batch, channels, rows, columns] = a.shape.map(fixed) as [number, number, number, number]
  if (a.shape.length !== 4 || rows % size !== 0 || columns % size !== 0) {
    throw shapeError('maxPool', `[batch, channels, rows, columns] of whole squares of ${size}`, a)
  }
  return apply(MAX_POOL, [a], [batch, channels, rows / size, columns / size], {
    attributes: { kernel_shape: [size, size], strides: [size, size] },
  })
}

const MAX_POOL: Operation = {
  type: 'MaxPool',
  gradient: ({ inputs: [a], outputs: [largest] }, [g]) => {
    const [batch, channels, rows, columns] = largest!.shape as readonly number[]
    const size = fixed(a!.shape[2]) / rows!
    const inSquares = reshape(a!, [batch!, channels!, rows!, size, columns!, size])
    const [of, by] = [largest!, g!].map((one) => reshape(one, [batch!, channels!, rows!, 1, columns!, 1]))
    return [reshape(toLargest(inSquares, of!, by!, [3, 5]), a!.shape)]
  },
}
