import { sum, toLargest } from './reduce.js'
import { reshape, slice, transpose } from './shape.js'
import { apply, fixed, type Operation, shapeError, type Tensor } from './tensor.js'

/** What is said once holds for both axes. */
export interface ConvolutionOptions {
  /** Zeros at either end, or [before, behind]. @default 0 */
  readonly padding?: number | readonly [before: number, behind: number]
  /** Steps from one place of the kernel to the next. @default 1 */
  readonly stride?: number
  /** Steps from one weight of the kernel to the next. @default 1 */
  readonly dilation?: number
  /** Parts of the channels, before and after, that know nothing of each other: as many as channels is depthwise. @default 1 */
  readonly groups?: number
  /** [into], added to what comes out. */
  readonly bias?: Tensor
}

/**
 * A convolution over the last two axes:
 * [batch, channels, rows, columns] and weights [into, channels/groups, height, width] → [batch, into, rows', columns'].
 */
export function convolve(
  a: Tensor,
  weight: Tensor,
  { padding = 0, stride = 1, dilation = 1, groups = 1, bias }: ConvolutionOptions = {},
): Tensor {
  const [batch, channels, ...size] = a.shape
  const [into, ofGroup, ...kernel] = weight.shape.map(fixed) as [number, number, number, number]
  if (a.shape.length !== 4 || weight.shape.length !== 4 || channels !== ofGroup * groups) {
    const ofWeight = groups === 1 ? 'channels' : `channels/${groups}`
    throw shapeError('convolve', `[batch, channels, …, …] and [into, ${ofWeight}, …, …]`, a, weight)
  }
  if (into % groups !== 0) throw shapeError('convolve', `weights for ${groups} groups alike`, weight)
  const [before, behind] = typeof padding === 'number' ? [padding, padding] : padding
  const shape = size.map((length, i) => {
    return Math.floor((fixed(length) + before + behind - reach(kernel[i] as number, dilation)) / stride) + 1
  })
  if (Math.min(...shape) < 1) throw shapeError('convolve', 'a kernel that fits in', a, weight)
  if (bias && bias.shape.join() !== `${into}`) throw shapeError('convolve', `a bias of [${into}]`, bias)
  return apply(CONVOLVE, [a, weight, ...(bias ? [bias] : [])], [batch!, into, ...shape], {
    attributes: {
      pads: [before, before, behind, behind],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      group: groups,
    },
  })
}

const CONVOLVE: Operation = {
  type: 'Conv',
  gradient: ({ inputs: [a, weight, bias], attributes }, [g]) => {
    const [before, , behind] = attributes.pads as readonly [number, number, number, number]
    const [stride] = attributes.strides as readonly [number, number]
    const [dilation] = attributes.dilations as readonly [number, number]
    const groups = attributes.group as number
    const [batch, channels, ...size] = a!.shape.map(fixed) as [number, number, number, number]
    const kernel = weight!.shape.slice(2).map(fixed)

    // The last rows and columns that no stride comes to.
    const unread = size.map((length, i) => {
      return (length + before + behind - reach(kernel[i] as number, dilation)) % stride
    })
    const forA = apply(CONVOLVE_BACK, [g!, weight!], a!.shape, {
      attributes: { ...attributes, output_padding: unread },
    })

    // The gradient of a weight is a convolution, too: of the channels of a group as a batch, by the gradient as a
    // kernel. Stride and dilation change places.
    const grouped = reshape(a!, [batch, groups, channels / groups, ...size])
    const images = reshape(transpose(grouped, [2, 1, 0, 3, 4]), [channels / groups, groups * batch, ...size])
    const flip = [1, 0, 2, 3]
    const whole = convolve(images, transpose(g!, flip), {
      ...{ padding: [before, behind], stride: dilation, dilation: stride, groups },
    })
    const [rows, columns] = kernel as [number, number]
    const forWeight = transpose(slice(slice(whole, 2, 0, rows), 3, 0, columns), flip)
    return [forA, forWeight, bias && reshape(sum(g!, [0, 2, 3]), bias.shape)]
  },
}

/** From the first to the last that a kernel of so many reads. */
function reach(size: number, dilation: number): number {
  return dilation * (size - 1) + 1
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
