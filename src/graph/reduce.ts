import { div, mul } from './elementwise.js'
import { broadcastTo, reshape } from './shape.js'
import { apply, fixed, type Operation, type Shape, type Tensor } from './tensor.js'

/** The sum over the given axes, which stay as axes of length 1. */
export function sum(a: Tensor, axes: readonly number[]): Tensor {
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + a.shape.length : axis)))
  const shape = a.shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
  return apply(REDUCE_SUM, [a, a.graph.integers([...reduced])], shape, { attributes: { keepdims: 1 } })
}

const REDUCE_SUM: Operation = {
  type: 'ReduceSum',
  gradient: ({ inputs: [a] }, [g]) => [broadcastTo(g!, a!.shape), undefined],
}

/** The mean over the given axes, which stay as axes of length 1. */
export function mean(a: Tensor, axes: readonly number[]): Tensor {
  const count = axes.reduce((product, axis) => product * fixed(a.shape.at(axis)), 1)
  return mul(sum(a, axes), 1 / count)
}

/** The largest over the given axes, which stay as axes of length 1. */
export function max(a: Tensor, axes: readonly number[]): Tensor {
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + a.shape.length : axis)))
  const shape = a.shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
  return apply(REDUCE_MAX, [a, a.graph.integers([...reduced])], shape, { attributes: { keepdims: 1 } })
}

const REDUCE_MAX: Operation = {
  type: 'ReduceMax',
  gradient: ({ inputs: [a, axes], outputs: [largest] }, [g]) => {
    const reduced = Array.from(a!.graph.numbers(axes!), Number)
    return [toLargest(a!, largest!, g!, reduced), undefined]
  },
}

/** A gradient goes to what is as large as the largest over the given axes; where several are, each has a part of it. */
export function toLargest(a: Tensor, largest: Tensor, gradient: Tensor, axes: readonly number[]): Tensor {
  const equal = apply(EQUAL, [a, largest], a.shape, { dtype: 'bool' })
  const chosen = apply(CAST_FLOAT, [equal], a.shape, { attributes: { to: 1 }, dtype: 'float32' })
  return mul(chosen, div(gradient, sum(chosen, axes)))
}

const EQUAL: Operation = { type: 'Equal' }
const CAST_FLOAT: Operation = { type: 'Cast' }

/** Undoes a broadcast: sums a gradient down to the shape of the value that was broadcast. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  const extra = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : [],
  )
  if (axes.length === 0) return gradient
  const summed = sum(gradient, axes)
  return extra === 0 ? summed : reshape(summed, shape)
}
