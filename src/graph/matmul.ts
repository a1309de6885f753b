import { broadcastShape } from './elementwise.js'
import { sumTo } from './reduce.js'
import { reshape } from './shape.js'
import { apply, type Dim, elementCount, type Operation, shapeError, type Tensor } from './tensor.js'

export interface MatmulOptions {
  /** Use the transpose of the last two axes of a, or of b. */
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** Multiplies the product, for instance 1/√headSize. */
  readonly scale?: number
}

/**
 * The product over the last two axes: [..., m, k] · [..., k, n] → [..., m, n]; leading axes broadcast.
 * Written as ONNX's MatMul where nothing is transposed or scaled, else as ONNX Runtime's FusedMatMul, which does both inside
 * the product. Weights stored in blocks are multiplied transposed, so it is the latter that blocks.ts looks for.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError('matmul', 'at least two axes', a, b)
  const [m, k] = lastTwo(a, transposeA)
  const [inner, n] = lastTwo(b, transposeB)
  if (k !== inner) throw shapeError('matmul', `inner lengths to agree (${k} and ${inner})`, a, b)
  const leading = broadcastShape('matmul', leadingOf(a), leadingOf(b))
  const plain = !transposeA && !transposeB && scale === 1
  const attributes = plain
    ? {}
    : { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } }
  return apply(plain ? MATMUL : FUSED_MATMUL, [a, b], [...leading, m, n], { attributes })
}

const MATMUL: Operation = {
  type: 'MatMul',
  gradient: ({ inputs: [a, b] }, [g]) => productGradients(a!, b!, g!, {}),
}

const FUSED_MATMUL: Operation = {
  type: 'FusedMatMul',
  domain: 'com.microsoft',
  gradient: ({ inputs: [a, b], attributes }, [g]) =>
    productGradients(a!, b!, g!, {
      transposeA: attributes.transA === 1,
      transposeB: attributes.transB === 1,
      scale: (attributes.alpha as { float: number }).float,
    }),
}

/** For C = s·op(A)·op(B): dA = s·dC·op(B)ᵀ and dB = s·op(A)ᵀ·dC, each transposed back as op was. */
function productGradients(
  a: Tensor,
  b: Tensor,
  g: Tensor,
  { transposeA = false, transposeB = false, scale = 1 }: MatmulOptions,
): readonly [Tensor, Tensor] {
  const forA = transposeA
    ? matmul(b, g, { transposeA: transposeB, transposeB: true, scale })
    : matmul(g, b, { transposeB: !transposeB, scale })
  return [sumTo(forA, a.shape), weightGradient(a, b, g, { transposeA, transposeB, scale })]
}

/**
 * dB. Where b is a plain matrix under a batch of activations, the batch is folded into the rows, so that one
 * product does the work of a product for each row of the batch and their sum.
 */
function weightGradient(a: Tensor, b: Tensor, g: Tensor, options: Required<MatmulOptions>): Tensor {
  const { transposeA, transposeB, scale } = options
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    return weightGradient(rows(a), b, rows(g), options)
  }
  const forB = transposeB
    ? matmul(g, a, { transposeA: true, transposeB: transposeA, scale })
    : matmul(a, g, { transposeA: !transposeA, scale })
  return sumTo(forB, b.shape)
}

/** [..., m, k] → [rows, k]. */
function rows(a: Tensor): Tensor {
  const width = a.shape.at(-1) as Dim
  return reshape(a, [elementCount(a.shape.slice(0, -1)), width])
}

function lastTwo({ shape }: Tensor, transposed: boolean): readonly [Dim, Dim] {
  const [rowCount, columnCount] = [shape.at(-2) as Dim, shape.at(-1) as Dim]
  return transposed ? [columnCount, rowCount] : [rowCount, columnCount]
}

function leadingOf(a: Tensor): Tensor {
  return { ...a, shape: a.shape.slice(0, -2) }
}
