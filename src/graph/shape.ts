import { sumTo } from './reduce.js'
import { apply, type Dim, fixed, type Operation, type Shape, shapeError, type Tensor } from './tensor.js'

/**
 * The same elements in another shape. At most one symbolic length may change its place; the others must keep
 * the axis that they have.
 */
export function reshape(a: Tensor, shape: Shape): Tensor {
  if (a.shape.length === shape.length && a.shape.every((dim, axis) => dim === shape[axis])) return a
  if (shape.some((dim) => typeof dim === 'number' && !Number.isInteger(dim))) {
    throw shapeError('reshape', `whole lengths, not [${shape.join(', ')}]`, a)
  }
  if (countKey(a.shape) !== countKey(shape)) {
    throw shapeError('reshape', `as many elements as [${shape.join(', ')}] has`, a)
  }
  const target = shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim
    return a.shape[axis] === dim ? 0 : -1 // 0 copies the input's length, −1 is worked out
  })
  if (target.filter((dim) => dim === -1).length > 1) {
    throw shapeError('reshape', `at most one symbolic length of [${shape.join(', ')}] to move`, a)
  }
  return apply(RESHAPE, [a, a.graph.integers(target)], shape)
}

const RESHAPE: Operation = {
  type: 'Reshape',
  gradient: ({ inputs: [a] }, [g]) => [reshape(g!, a!.shape), undefined],
}

/** Two shapes hold equally many elements when their numbers multiply to the same and their symbols agree. */
function countKey(shape: Shape): string {
  const product = shape.reduce<number>((total, dim) => (typeof dim === 'number' ? total * dim : total), 1)
  return [product, ...shape.filter((dim) => typeof dim === 'string').sort()].join('·')
}

/** Axis i of the result is axis `order[i]` of a. */
export function transpose(a: Tensor, order: readonly number[]): Tensor {
  if (order.length !== a.shape.length) throw shapeError('transpose', `${order.length} axes`, a)
  return apply(
    TRANSPOSE,
    [a],
    order.map((axis) => a.shape[axis] as Dim),
    { attributes: { perm: order } },
  )
}

const TRANSPOSE: Operation = {
  type: 'Transpose',
  gradient: ({ attributes }, [g]) => {
    const order = attributes.perm as readonly number[]
    return [
      transpose(
        g!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ]
  },
}

/** Joins tensors along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first, ...others] = tensors
  if (!first) throw new Error('concat: expected at least one tensor')
  if (others.length === 0) return first
  const at = axis < 0 ? axis + first.shape.length : axis
  for (const other of others) {
    const alike = other.shape.every((dim, i) => i === at || dim === first.shape[i])
    if (!alike || other.shape.length !== first.shape.length) {
      throw shapeError('concat', `shapes that differ in axis ${at} only`, first, other)
    }
  }
  const shape = first.shape.map((dim, i) =>
    i === at ? addDims(tensors.map((t) => t.shape[at] as Dim)) : dim,
  )
  return apply(CONCAT, [first, ...others], shape, { attributes: { axis: at } })
}

const CONCAT: Operation = {
  type: 'Concat',
  gradient: ({ inputs, attributes }, [g]) => {
    const axis = attributes.axis as number
    let start = 0
    return inputs.map(({ shape }) => {
      const part = slice(g!, axis, start, start + fixed(shape[axis]))
      start += fixed(shape[axis])
      return part
    })
  },
}

/** A sum of lengths: a number if all are known, else a name such as `past+length`. */
function addDims(dims: readonly Dim[]): Dim {
  const known = dims.reduce<number>((total, dim) => (typeof dim === 'number' ? total + dim : total), 0)
  const symbols = dims.filter((dim) => typeof dim === 'string')
  if (symbols.length === 0) return known
  return [...symbols, ...(known ? [known] : [])].join('+')
}

/** Elements `start` up to (not including) `end` of an axis. */
export function slice(a: Tensor, axis: number, start: number, end: number): Tensor {
  const length = fixed(a.shape[axis])
  if (start < 0 || end > length || start >= end) {
    throw shapeError('slice', `0 ≤ start < end ≤ ${length} in axis ${axis} (start ${start}, end ${end})`, a)
  }
  if (start === 0 && end === length) return a
  const { graph } = a
  const bounds = [graph.integers([start]), graph.integers([end]), graph.integers([axis])] as const
  return apply(
    SLICE,
    [a, ...bounds],
    a.shape.map((dim, i) => (i === axis ? end - start : dim)),
    {
      attributes: {},
    },
  )
}

const SLICE: Operation = {
  type: 'Slice',
  gradient: ({ inputs: [a, startTensor, endTensor, axisTensor] }, [g]) => {
    const [start, end, axis] = [startTensor, endTensor, axisTensor].map((tensor) =>
      Number(a!.graph.numbers(tensor!)[0]),
    ) as [number, number, number]
    return [padAxis(g!, axis, start, fixed(a!.shape[axis]) - end), undefined, undefined, undefined]
  },
}

/** The last elements of an axis, so many of them; works for a symbolic length too. */
export function tail(a: Tensor, axis: number, count = 1): Tensor {
  const length = a.shape[axis]
  if (typeof length === 'number') return slice(a, axis, length - count, length)
  const { graph } = a
  const bounds = [graph.integers([-count]), graph.integers([2 ** 31 - 1]), graph.integers([axis])] as const
  return apply(
    TAIL,
    [a, ...bounds],
    a.shape.map((dim, i) => (i === axis ? count : dim)),
  )
}

/** Without a gradient: what is trained has known lengths. */
const TAIL: Operation = { type: 'Slice' }

/** Zeros before and after along an axis. */
export function padAxis(a: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return a
  const pads = new Array<number>(2 * a.shape.length).fill(0)
  pads[axis] = before
  pads[axis + a.shape.length] = after
  const shape = a.shape.map((dim, i) => (i === axis ? addDims([dim, before + after]) : dim))
  return apply(PAD, [a, a.graph.integers(pads)], shape)
}

const PAD: Operation = {
  type: 'Pad',
  gradient: ({ inputs: [a, padsTensor] }, [g]) => {
    const pads = a!.graph.numbers(padsTensor!)
    const axis = a!.shape.findIndex((dim, i) => dim !== g!.shape[i])
    const before = Number(pads[axis])
    return [slice(g!, axis, before, before + fixed(a!.shape[axis])), undefined]
  },
}

/** Repeats along axes of length 1 (and missing leading axes) up to the given, fully known shape. */
export function broadcastTo(a: Tensor, shape: Shape): Tensor {
  if (a.shape.length === shape.length && a.shape.every((dim, axis) => dim === shape[axis])) return a
  if (shape.some((dim) => typeof dim === 'string')) {
    throw shapeError('broadcastTo', `a known shape to broadcast to, not [${shape.join(', ')}]`, a)
  }
  return apply(EXPAND, [a, a.graph.integers(shape as readonly number[])], shape)
}

const EXPAND: Operation = {
  type: 'Expand',
  gradient: ({ inputs: [a] }, [g]) => [sumTo(g!, a!.shape), undefined],
}

/** Cuts along an axis into parts of the given lengths, or as long as the given tensors are there: undoes their `concat`. */
export function split(a: Tensor, axis: number, parts: readonly (Tensor | number)[]): readonly Tensor[] {
  if (parts.length === 1) return [a]
  const dims = parts.map((part) => (typeof part === 'number' ? part : (part.shape[axis] as Dim)))
  const shapes = dims.map((length) => a.shape.map((dim, i) => (i === axis ? length : dim)))
  const lengths = concat(
    parts.map((part) => (typeof part === 'number' ? a.graph.integers([part]) : lengthOf(part, axis))),
    0,
  )
  return a.graph.append(
    SPLIT,
    [a, lengths],
    shapes.map((shape) => ({ shape, dtype: a.dtype })),
    { axis },
  )
}

const SPLIT: Operation = {
  type: 'Split',
  gradient: ({ outputs, attributes }, gradients) => {
    const parts = gradients.map((gradient, slot) => gradient ?? zeros(outputs[slot] as Tensor))
    return [concat(parts, attributes.axis as number), undefined]
  },
}

function lengthOf(a: Tensor, axis: number): Tensor {
  const dim = a.shape[axis]
  if (typeof dim === 'number') return a.graph.integers([dim])
  return apply(SHAPE, [a], [1], { attributes: { start: axis, end: axis + 1 }, dtype: 'int64' })
}

const SHAPE: Operation = { type: 'Shape' }

function zeros({ graph, shape }: Tensor): Tensor {
  const one = graph.constant(
    new Float32Array(1),
    shape.map(() => 1),
  )
  return broadcastTo(one, shape)
}
