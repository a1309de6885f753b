import { type DType, fixed, type Graph, type Tensor } from './tensor.js'

/** How a weight [rows, columns] is stored in blocks (see weights/blocks.ts). */
export interface BlockFormat {
  readonly bits: 4 | 8
  readonly blockSize: number
}

/** What a parameter holds of a weight that is stored in blocks: values or scales of some of its rows. */
export interface BlockPart extends Rows {
  readonly weight: string
  readonly part: 'values' | 'scales'
  /** Rows that the weight has. */
  readonly of: number
}

/** Some rows of a weight. */
export interface Rows {
  readonly start: number
  readonly count: number
}

/** A weight in blocks, whose bytes are parameters of the graph. */
export class StoredMatrix implements BlockFormat {
  readonly name: string
  readonly bits: 4 | 8
  readonly blockSize: number
  readonly rows: number
  readonly columns: number
  readonly #graph: Graph
  readonly #parts: Map<string, BlockPart>

  /** @param parts is told of each parameter what it holds */
  constructor(
    graph: Graph,
    { name, shape }: Tensor,
    { bits, blockSize }: BlockFormat,
    parts: Map<string, BlockPart>,
  ) {
    const [rows, columns] = shape
    this.name = name
    this.bits = bits
    this.blockSize = blockSize
    this.rows = fixed(rows)
    this.columns = fixed(columns)
    this.#graph = graph
    this.#parts = parts
  }

  get all(): Rows {
    return { start: 0, count: this.rows }
  }

  /**
   * @param purpose tells parameters of one weight apart, whose shapes differ
   * @param shape in which an operation wants the values
   */
  values(purpose: string, shape: readonly number[], dtype: DType = 'uint8', rows = this.all): Tensor {
    return this.#parameter('values', purpose, shape, dtype, rows)
  }

  /** [rows, blocks of a row] */
  scales(rows = this.all): Tensor {
    return this.#parameter('scales', 'scales', [rows.count, this.columns / this.blockSize], 'float32', rows)
  }

  #parameter(
    part: BlockPart['part'],
    purpose: string,
    shape: readonly number[],
    dtype: DType,
    { start, count }: Rows,
  ): Tensor {
    const which = count === this.rows ? purpose : `${purpose}.${start}`
    const name = `${this.name}.${which}`
    this.#parts.set(name, { weight: this.name, part, start, count, of: this.rows })
    return this.#graph.parameter(name, shape, dtype)
  }
}
