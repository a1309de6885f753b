import { PalError } from '../errors.js'

/** A dimension is a number, or the name of a length that is known only when the graph runs. */
export type Dim = number | string
export type Shape = readonly Dim[]
/** Two numbers of `uint4` lie in a byte, the first in its lower half. */
export type DType = 'float32' | 'int64' | 'int32' | 'bool' | 'uint8' | 'uint4'
export type Attribute = number | readonly number[] | string | { readonly float: number }
export type ConstantData = Float32Array | BigInt64Array | Uint8Array
/** Numbers that are made when they are first needed: many a graph is built for the names of its parameters alone. */
export type MakesNumbers = () => Float32Array

/** A value of the graph: known by its shape, without numbers until the graph runs. */
export interface Tensor {
  readonly graph: Graph
  readonly node: Node
  readonly shape: Shape
  readonly dtype: DType
  /** Unique within its graph; the name it has in the written model. */
  readonly name: string
}

/** An operation as it was applied: what the gradient rules and the writer see. */
export interface Node {
  readonly operation: Operation
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: Readonly<Record<string, Attribute>>
  /** The checkpointed segment that it was built in, if any (see checkpoint.ts). */
  readonly segment: Segment | undefined
  /** Creation order, which is a topological order. */
  readonly index: number
}

/** A part of the graph whose inner values are computed again for the gradient instead of being kept. */
export interface Segment {
  readonly index: number
}

/**
 * One operation of the ONNX standard (or of ONNX Runtime's `com.microsoft` domain) and its gradient rule:
 * from the gradients of the outputs (undefined where nothing flows back) to those of the inputs.
 */
export interface Operation {
  readonly type: string
  readonly domain?: 'com.microsoft'
  readonly gradient?: (
    node: Pick<Node, 'inputs' | 'outputs' | 'attributes'>,
    gradients: readonly (Tensor | undefined)[],
  ) => readonly (Tensor | undefined)[]
}

/** Where values come from: fed at each run, learnt or loaded by name, or written into the model. */
export const INPUT: Operation = { type: 'input' }
export const PARAMETER: Operation = { type: 'parameter' }
export const CONSTANT: Operation = { type: 'constant' }

export class Graph {
  readonly nodes: Node[] = []
  readonly inputs = new Map<string, Tensor>()
  readonly parameters = new Map<string, Tensor>()
  readonly constants = new Map<Tensor, ConstantData | MakesNumbers>()
  /** The segment under construction (set by `checkpoint`). */
  segment: Segment | undefined
  readonly #integers = new Map<string, Tensor>()
  readonly #scalars = new Map<number, Tensor>()

  /** A value that is fed at each run. */
  input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
    if (this.inputs.has(name)) throw new PalError(`expected one input named "${name}", got a second one`)
    const tensor = this.#source(INPUT, name, shape, dtype)
    this.inputs.set(name, tensor)
    return tensor
  }

  /** A weight. Asked for twice by the same name, it is the same tensor: this is how weights are tied. */
  parameter(name: string, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    const known = this.parameters.get(name)
    if (known) {
      if (known.shape.join() === shape.join()) return known
      throw new PalError(
        `parameter "${name}": expected shape [${known.shape}], as it was first used, got [${shape}]`,
      )
    }
    const tensor = this.#source(PARAMETER, name, shape, dtype)
    this.parameters.set(name, tensor)
    return tensor
  }

  /** Numbers that are part of the model itself, such as a mel filter bank. */
  constant(
    data: ConstantData | MakesNumbers,
    shape: readonly number[],
    dtype: DType = typeof data === 'function' ? 'float32' : typeOf(data),
  ): Tensor {
    if (typeof data !== 'function') expectCount(data, shape, dtype)
    const tensor = this.#source(CONSTANT, `constant_${this.constants.size}`, shape, dtype)
    this.constants.set(tensor, data)
    return tensor
  }

  /** The numbers of a constant. */
  numbers(constant: Tensor): ConstantData {
    const data = this.constants.get(constant)!
    if (typeof data !== 'function') return data
    const made = data()
    expectCount(made, constant.shape.map(Number), constant.dtype)
    return made
  }

  scalar(value: number): Tensor {
    const known = this.#scalars.get(value)
    if (known) return known
    const tensor = this.constant(new Float32Array([value]), [])
    this.#scalars.set(value, tensor)
    return tensor
  }

  /** A list of whole numbers, as ONNX wants shapes, axes and bounds. */
  integers(values: readonly number[]): Tensor {
    const key = values.join()
    const known = this.#integers.get(key)
    if (known) return known
    const tensor = this.constant(BigInt64Array.from(values, BigInt), [values.length])
    this.#integers.set(key, tensor)
    return tensor
  }

  #source(operation: Operation, name: string, shape: Shape, dtype: DType): Tensor {
    const segment = this.segment
    this.segment = undefined
    const [tensor] = this.append(operation, [], [{ shape, dtype, name }], {})
    this.segment = segment
    return tensor as Tensor
  }

  append(
    operation: Operation,
    inputs: readonly Tensor[],
    outputs: readonly { shape: Shape; dtype: DType; name?: string }[],
    attributes: Readonly<Record<string, Attribute>>,
  ): readonly Tensor[] {
    const index = this.nodes.length
    const tensors: Tensor[] = []
    const node: Node = {
      operation,
      inputs,
      outputs: tensors,
      attributes,
      segment: this.segment,
      index,
    }
    for (const [slot, { shape, dtype, name }] of outputs.entries()) {
      tensors.push({ graph: this, node, shape, dtype, name: name ?? `${operation.type}_${index}_${slot}` })
    }
    this.nodes.push(node)
    return tensors
  }
}

function expectCount({ length }: ConstantData, shape: readonly number[], dtype: DType): void {
  const count = shape.reduce((product, dim) => product * dim, 1)
  const expected = dtype === 'uint4' ? Math.ceil(count / 2) : count
  if (length === expected) return
  throw new PalError(`constant: expected ${expected} numbers for shape [${shape}], got ${length}`)
}

function typeOf(data: ConstantData): DType {
  if (data instanceof Float32Array) return 'float32'
  return data instanceof BigInt64Array ? 'int64' : 'uint8'
}

/** Applies an operation that has one output; the output's type is the first input's unless it is said. */
export function apply(
  operation: Operation,
  inputs: readonly [Tensor, ...Tensor[]],
  shape: Shape,
  { attributes = {}, dtype }: { attributes?: Readonly<Record<string, Attribute>>; dtype?: DType } = {},
): Tensor {
  const [first] = inputs
  const outputs = first.graph.append(operation, inputs, [{ shape, dtype: dtype ?? first.dtype }], attributes)
  return outputs[0] as Tensor
}

/**
 * The error of an operation that was given shapes it cannot take. Names the operation, the shapes and the line
 * of the model's code that asked for it.
 */
export function shapeError(operation: string, expected: string, ...inputs: readonly Tensor[]): PalError {
  const shapes = inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(' and ')
  return new PalError(`${operation}: expected ${expected}, got ${shapes} (${builtAt()})`)
}

/** The innermost line outside of this folder on the stack. */
function builtAt(): string {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const frames = (new Error().stack ?? '').split('\n').slice(1)
  Error.stackTraceLimit = limit
  const outside = frames.find((frame) => !/[\\/]graph[\\/](?!.*\.test\.)/.test(frame)) ?? frames.at(-1) ?? ''
  return outside.trim()
}

/** The number of elements; an error where it is not known before the run. */
export function elementCount(shape: Shape): number {
  return shape.reduce<number>((product, dim) => {
    if (typeof dim === 'string')
      throw new PalError(`expected a known length, got the symbolic length "${dim}"`)
    return product * dim
  }, 1)
}

export function fixed(dim: Dim | undefined): number {
  if (typeof dim === 'number') return dim
  throw new PalError(
    `expected a known length, got ${dim === undefined ? 'none' : `the symbolic length "${dim}"`} (${builtAt()})`,
  )
}
