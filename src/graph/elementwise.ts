import { sumTo } from './reduce.js'
import { apply, type Operation, type Shape, shapeError, type Tensor } from './tensor.js'

/** a + b, broadcast as NumPy does. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  return binary(ADD, a, b)
}

export const ADD: Operation = {
  type: 'Add',
  gradient: ({ inputs }, [g]) => inputs.map(({ shape }) => sumTo(g!, shape)),
}

/** a − b. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  return binary(SUB, a, b)
}

const SUB: Operation = {
  type: 'Sub',
  gradient: ({ inputs: [a, b] }, [g]) => [sumTo(g!, a!.shape), sumTo(neg(g!), b!.shape)],
}

/** a · b, element by element. */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  return binary(MUL, a, b)
}

const MUL: Operation = {
  type: 'Mul',
  gradient: ({ inputs: [a, b] }, [g]) => [sumTo(mul(g!, b!), a!.shape), sumTo(mul(g!, a!), b!.shape)],
}

/** a / b. */
export function div(a: Tensor, b: Tensor | number): Tensor {
  return binary(DIV, a, b)
}

const DIV: Operation = {
  type: 'Div',
  gradient: ({ inputs: [a, b], outputs: [y] }, [g]) => {
    const scaled = div(g!, b!)
    return [sumTo(scaled, a!.shape), sumTo(neg(mul(scaled, y!)), b!.shape)]
  },
}

/** The larger of a and a constant; the gradient passes where a is the larger. */
export function clampMin(a: Tensor, minimum: number): Tensor {
  return apply(MAX, [a, a.graph.scalar(minimum)], a.shape)
}

const MAX: Operation = {
  type: 'Max',
  gradient: ({ inputs: [a, minimum] }, [g]) => [
    mul(
      g!,
      apply(CAST_FLOAT, [greater(a!, minimum!)], a!.shape, { attributes: { to: 1 }, dtype: 'float32' }),
    ),
    undefined,
  ],
}

/** Whether each element of a is above that of b, which broadcasts to it (bool). */
export function greater(a: Tensor, b: Tensor): Tensor {
  return apply(GREATER, [a, b], a.shape, { dtype: 'bool' })
}

const GREATER: Operation = { type: 'Greater' }
const CAST_FLOAT: Operation = { type: 'Cast' }

export function neg(a: Tensor): Tensor {
  return unary(NEG, a)
}

const NEG: Operation = { type: 'Neg', gradient: (_, [g]) => [neg(g!)] }

export function exp(a: Tensor): Tensor {
  return unary(EXP, a)
}

const EXP: Operation = { type: 'Exp', gradient: ({ outputs: [y] }, [g]) => [mul(g!, y!)] }

/** The natural logarithm. */
export function log(a: Tensor): Tensor {
  return unary(LOG, a)
}

const LOG: Operation = { type: 'Log', gradient: ({ inputs: [a] }, [g]) => [div(g!, a!)] }

export function sqrt(a: Tensor): Tensor {
  return unary(SQRT, a)
}

const SQRT: Operation = { type: 'Sqrt', gradient: ({ outputs: [y] }, [g]) => [div(mul(g!, 0.5), y!)] }

export function tanh(a: Tensor): Tensor {
  return unary(TANH, a)
}

const TANH: Operation = {
  type: 'Tanh',
  gradient: ({ outputs: [y] }, [g]) => [sub(g!, mul(g!, mul(y!, y!)))],
}

export function sigmoid(a: Tensor): Tensor {
  return unary(SIGMOID, a)
}

const SIGMOID: Operation = {
  type: 'Sigmoid',
  gradient: ({ outputs: [y] }, [g]) => [mul(g!, sub(y!, mul(y!, y!)))],
}

/** a · sigmoid(a), also called swish: ONNX Runtime's QuickGelu with α = 1. */
export function silu(a: Tensor): Tensor {
  return apply(SILU, [a], a.shape, { attributes: { alpha: { float: 1 } } })
}

/** With s = sigmoid(a) and y = a·s: dy/da = s + y·(1 − s) = s + y − y·s. */
const SILU: Operation = {
  type: 'QuickGelu',
  domain: 'com.microsoft',
  gradient: ({ inputs: [a], outputs: [y] }, [g]) => {
    const s = sigmoid(a!)
    return [mul(g!, sub(add(s, y!), mul(y!, s)))]
  },
}

/** The next whole number below: a step, so nothing flows back. */
export function floor(a: Tensor): Tensor {
  return unary(FLOOR, a)
}

const FLOOR: Operation = { type: 'Floor', gradient: () => [undefined] }

/** Whole numbers as indices, such as `gather` wants. */
export function toIndices(a: Tensor): Tensor {
  return apply(CAST_INT64, [a], a.shape, { attributes: { to: 7 }, dtype: 'int64' })
}

const CAST_INT64: Operation = { type: 'Cast', gradient: () => [undefined] }

/** The error function. */
export function erf(a: Tensor): Tensor {
  return unary(ERF, a)
}

const ERF: Operation = {
  type: 'Erf',
  gradient: ({ inputs: [a] }, [g]) => [mul(g!, mul(exp(neg(mul(a!, a!))), 2 / Math.sqrt(Math.PI)))],
}

/** The exact GELU, a · Φ(a), as in BERT, ViT, AST and Whisper. */
export function gelu(a: Tensor): Tensor {
  return unary(GELU, a)
}

const GELU: Operation = {
  type: 'Gelu',
  gradient: ({ inputs: [a] }, [g]) => {
    const cumulative = mul(add(erf(mul(a!, Math.SQRT1_2)), 1), 0.5)
    const density = mul(exp(mul(mul(a!, a!), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return [mul(g!, add(cumulative, mul(a!, density)))]
  },
}

function unary(operation: Operation, a: Tensor): Tensor {
  return apply(operation, [a], a.shape)
}

function binary(operation: Operation, a: Tensor, b: Tensor | number): Tensor {
  const other = typeof b === 'number' ? a.graph.scalar(b) : b
  return apply(operation, [a, other], broadcastShape(operation.type, a, other))
}

/** NumPy's rule: shapes are aligned at their ends, and lengths must agree or be 1. */
export function broadcastShape(operation: string, a: Tensor, b: Tensor): Shape {
  const rank = Math.max(a.shape.length, b.shape.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a.shape[axis - rank + a.shape.length] ?? 1
    const right = b.shape[axis - rank + b.shape.length] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    throw shapeError(operation, 'shapes that broadcast', a, b)
  })
}
