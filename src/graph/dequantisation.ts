import { add } from './elementwise.js'
import { concat, reshape, slice } from './shape.js'
import type { Rows, StoredMatrix } from './stored-matrix.js'
import { apply, elementCount, fixed, type Node, type Operation, type Tensor } from './tensor.js'
import { waiting, zeroAfter } from './wait.js'

/**
 * Makes float32 of blocks, but not before something else is there (see wait.ts). Otherwise the runtime would make all of them at the
 * beginning of a run, and once for a product and its gradient: they would be in memory from there to there.
 */
export class Dequantisation {
  readonly #zeros = new Map<Tensor, Tensor>()
  readonly #middles = new Map<string, Tensor>()

  /**
   * A product of states with a weight, whichever way round the weight is. Of a large weight, such as an output head, only some rows are
   * float32 at a time: the parts of x·Wᵀ are joined, those of g·W summed.
   */
  product(matrix: StoredMatrix, a: Tensor, { operation, outputs, attributes }: Node): Tensor {
    const { shape } = outputs[0] as Tensor
    const transposed = attributes.transB === 1
    const parts = piecesFor(matrix, a).map((rows) => {
      const { start, count } = rows
      const states = transposed ? a : slice(a, a.shape.length - 1, start, start + count)
      const weight = this.numbers(matrix, a, rows)
      return apply(operation, [states, weight], transposed ? shape.with(-1, count) : shape, { attributes })
    })
    return transposed ? concat(parts, -1) : parts.reduce((sum, part) => add(sum, part))
  }

  /**
   * [count, columns] of a weight, as soon as `other` is there. Each block is a row with a scale of its own, for which ONNX Runtime has
   * a fast kernel: what takes the size of blocks as an attribute is two to six times as slow, GatherBlockQuantized ten to forty.
   */
  numbers(matrix: StoredMatrix, other: Tensor, rows: Rows = matrix.all): Tensor {
    const { columns, bits, blockSize } = matrix
    const blocks = (rows.count * columns) / blockSize
    const values = matrix.values('numbers', [blocks, blockSize], bits === 4 ? 'uint4' : 'uint8', rows)
    const scales = waiting(matrix.scales(rows), this.#zeroAfter(other), [blocks])
    const numbers = apply(DEQUANTISE, [values, scales, this.#middlesFor(values)], values.shape, {
      attributes: { axis: 0 },
      dtype: 'float32',
    })
    return reshape(numbers, [rows.count, columns])
  }

  /** One for all products that read the same states. */
  #zeroAfter(other: Tensor): Tensor {
    const zero = this.#zeros.get(other) ?? zeroAfter(other)
    this.#zeros.set(other, zero)
    return zero
  }

  /** What stands for 0 in each block, [blocks]: one for all matrices of a size. */
  #middlesFor({ graph, shape, dtype }: Tensor): Tensor {
    const blocks = fixed(shape[0])
    const key = `${dtype} ${blocks}`
    const [length, byte] = dtype === 'uint4' ? [Math.ceil(blocks / 2), 0x88] : [blocks, 0x80]
    const middles =
      this.#middles.get(key) ?? graph.constant(new Uint8Array(length).fill(byte), [blocks], dtype)
    this.#middles.set(key, middles)
    return middles
  }
}

/**
 * The parts of a product lie beside the whole when they are joined. That is worth it where there are fewer rows of states than a
 * weight has columns, as the tokens that are learnt before an output head: the parts take less than the weight would. How many tokens
 * a batch has is not known, and taken to be fewer.
 */
function piecesFor({ rows, columns, all }: StoredMatrix, states: Tensor): readonly Rows[] {
  const leading = states.shape.slice(0, -1)
  if (leading.every((dim) => typeof dim === 'number') && elementCount(leading) >= columns) return [all]
  const pieces = Math.ceil((rows * columns) / LARGEST)
  const bounds = Array.from({ length: pieces + 1 }, (_, i) => Math.floor((i * rows) / pieces))
  return bounds.slice(1).map((end, i) => ({ start: bounds[i]!, count: end - bounds[i]! }))
}

/** Numbers of a weight that are float32 at a time: 16 MiB. */
const LARGEST = 2 ** 22

const DEQUANTISE: Operation = { type: 'DequantizeLinear', domain: 'com.microsoft' }
