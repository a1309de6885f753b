import { PalError } from '../errors.js'
import { Dequantisation } from './dequantisation.js'
import { again, rewrite } from './rewrite.js'
import { type BlockFormat, type BlockPart, StoredMatrix } from './stored-matrix.js'
import { apply, type Node, type Operation, type Tensor } from './tensor.js'

/**
 * How x·Wᵀ of a weight in blocks is computed. `fewRows`: as is the fastest for a token, which rounds its states to 8 bits, too, block
 * by block. `manyRows`: from the states as they are and the numbers that the blocks stand for, as is the fastest for many tokens.
 * `training`: the same, from numbers made as float32, which a gradient needs all the same.
 */
export type BlockProducts = 'fewRows' | 'manyRows' | 'training'

/**
 * The same outputs, computed from weights that are stored in blocks, so that no layer need know how its weights are stored. A lookup
 * of rows is a GatherBlockQuantized. x·Wᵀ is a MatMulNBits where that is the fastest. Whatever else reads a weight gets
 * its numbers as float32, for itself alone: a gradient, which reads the weight long after the product, has them made again.
 * All read the same bytes (com.microsoft, of ONNX Runtime's ContribOperators.md), so a tied embedding is stored once.
 *
 * @param formats of the weights that are in blocks, by name
 * @returns the outputs, and what of weights in blocks their parameters hold, by name
 * @throws PalError for an operation that reads nothing but such a weight
 */
export function readInBlocks(
  outputs: Readonly<Record<string, Tensor>>,
  formats: ReadonlyMap<string, BlockFormat>,
  products: BlockProducts,
): {
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly parts: ReadonlyMap<string, BlockPart>
} {
  const parts = new Map<string, BlockPart>()
  const dequantisation = new Dequantisation()
  const read = rewrite(outputs, (node, inputs, graph) => {
    const slot = node.inputs.findIndex(({ name }) => formats.has(name))
    const weight = node.inputs[slot]
    if (!weight) return again(node, inputs, graph)
    const matrix = new StoredMatrix(graph, weight, formats.get(weight.name)!, parts)
    const other = inputs.find((_, i) => i !== slot)
    if (!other) throw nothingElse(node, matrix)
    if (node.operation.type === 'Gather' && slot === 0) return [lookup(matrix, other, node)]
    const level = accuracyLevel(products, matrix)
    if (level !== undefined && slot === 1 && isPlainProduct(node))
      return [product(matrix, other, node, level)]
    if (slot === 1 && isProduct(node)) return [dequantisation.product(matrix, other, node)]
    return again(node, inputs.with(slot, dequantisation.numbers(matrix, other)), graph)
  })
  return { outputs: read, parts }
}

function lookup(matrix: StoredMatrix, ids: Tensor, { outputs }: Node): Tensor {
  const { rows, columns, bits, blockSize } = matrix
  const table = matrix.values('rows', [rows, (columns * bits) / 8])
  return apply(LOOKUP, [table, ids, matrix.scales()], outputs[0]!.shape, {
    attributes: { gather_axis: 0, quantize_axis: 1, block_size: blockSize, bits },
    dtype: 'float32',
  })
}

const LOOKUP: Operation = { type: 'GatherBlockQuantized', domain: 'com.microsoft' }

/**
 * That of a MatMulNBits, if it is one. Level 4 rounds states to 8 bits, and is 2.7 times as fast for one token at 4 bits. Level 1 leaves
 * them as they are; at 8 bits it is slower than a dequantisation and a product.
 */
function accuracyLevel(products: BlockProducts, { bits }: StoredMatrix): number | undefined {
  if (products === 'fewRows') return 4
  return products === 'manyRows' && bits === 4 ? 1 : undefined
}

function product(matrix: StoredMatrix, a: Tensor, { outputs }: Node, level: number): Tensor {
  const { rows, columns, bits, blockSize } = matrix
  const blocks = matrix.values('blocks', [rows, columns / blockSize, (blockSize * bits) / 8])
  return apply(PRODUCT, [a, blocks, matrix.scales()], outputs[0]!.shape, {
    attributes: { K: columns, N: rows, bits, block_size: blockSize, accuracy_level: level },
  })
}

const PRODUCT: Operation = { type: 'MatMulNBits', domain: 'com.microsoft' }

/** Of states with a weight, whichever way round the weight is. */
function isProduct({ operation: { type }, attributes }: Node): boolean {
  return (type === 'MatMul' || type === 'FusedMatMul') && attributes.transA !== 1
}

/** x·Wᵀ */
function isPlainProduct({ operation, attributes: { transA, transB, alpha } }: Node): boolean {
  if (operation.type !== 'FusedMatMul') return false
  return transA === 0 && transB === 1 && (alpha as { float: number }).float === 1
}

function nothingElse({ operation }: Node, { name, bits }: StoredMatrix): PalError {
  return new PalError(
    `expected weights of full precision for ${operation.type}, got ${name} of ${bits} bits`,
    {
      hint: 'Use the model that was quantised.',
    },
  )
}
