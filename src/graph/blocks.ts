import { PalError } from '../errors.js'
import type { ExternalData } from './onnx.js'
import { type Attribute, fixed, type Node, type Tensor } from './tensor.js'

/** Where a weight's numbers lie that is stored in blocks (see weights/blocks.ts): [rows, columns] of 4 or 8 bits. */
export interface BlockData {
  readonly bits: 4 | 8
  readonly blockSize: number
  readonly values: ExternalData
  readonly scales: ExternalData
}

/** A node as it is written instead, and the initializers that it needs. */
export interface BlockNode {
  readonly type: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly initializers: readonly BlockInitializer[]
}

export interface BlockInitializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'uint8' | 'float32'
  readonly data: ExternalData
}

/**
 * What becomes of an operation whose weight is stored in blocks, so that no layer need know how its weights are
 * stored: x·Wᵀ is a MatMulNBits, a lookup of rows a GatherBlockQuantized (both com.microsoft, of ONNX Runtime's
 * ContribOperators.md). Both read the same bytes, so a tied embedding is stored once.
 *
 * @throws PalError for any other use: blocks have no gradient, and are not read the other way round
 */
export function blockNode(node: Node, weight: Tensor, { bits, blockSize, ...data }: BlockData): BlockNode {
  const [rows, columns] = weight.shape.map(fixed) as [number, number]
  const blocks = columns / blockSize
  const scales = {
    name: `${weight.name}.scales`,
    shape: [rows, blocks],
    dtype: 'float32',
    data: data.scales,
  } as const
  const values = (name: string, shape: readonly number[]) =>
    ({ name: `${weight.name}.${name}`, shape, dtype: 'uint8', data: data.values }) as const
  const { type } = node.operation
  if (type === 'FusedMatMul' && node.inputs[1] === weight && isPlainProduct(node)) {
    const b = values('blocks', [rows, blocks, (blockSize * bits) / 8])
    return {
      type: 'MatMulNBits',
      inputs: [node.inputs[0]!.name, b.name, scales.name],
      // Level 4: activations are rounded to 8 bits block by block; 4-bit products are 2.7 times as fast.
      attributes: { K: columns, N: rows, bits, block_size: blockSize, accuracy_level: 4 },
      initializers: [b, scales],
    }
  }
  if (type === 'Gather' && node.inputs[0] === weight) {
    const table = values('rows', [rows, (columns * bits) / 8])
    return {
      type: 'GatherBlockQuantized',
      inputs: [table.name, node.inputs[1]!.name, scales.name],
      attributes: { gather_axis: 0, quantize_axis: 1, block_size: blockSize, bits },
      initializers: [table, scales],
    }
  }
  throw new PalError(`expected weights of full precision for ${type}, got ${weight.name} of ${bits} bits`, {
    hint: 'Train, and compute gradients, with the model that was quantised.',
  })
}

function isPlainProduct({ attributes: { transA, transB, alpha } }: Node): boolean {
  return transA === 0 && transB === 1 && (alpha as { float: number }).float === 1
}
