import { neededNodes } from '../graph/needed-nodes.js'
import {
  CONSTANT,
  type Dim,
  elementCount,
  fixed,
  INPUT,
  type Node,
  type Operation,
  PARAMETER,
  type Tensor,
} from '../graph/tensor.js'

/**
 * The multiply-adds of all matrix products that the outputs need: the cost of a graph, counted from its shapes.
 * What is done element by element is left out; it is a few per cent.
 *
 * @throws if a product has a length that is known only when the graph runs
 */
export function multiplyAdds(outputs: readonly Tensor[]): number {
  return neededNodes(outputs).reduce((total, node) => total + productCost(node), 0)
}

/** Each element of a product is a sum over the inner length. */
function productCost({ operation, inputs, outputs, attributes }: Node): number {
  if (operation.type !== 'MatMul' && operation.type !== 'FusedMatMul') return 0
  const [a] = inputs as readonly [Tensor]
  const [product] = outputs as readonly [Tensor]
  const inner: Dim | undefined = a.shape.at(attributes.transA === 1 ? -2 : -1)
  return elementCount(product.shape) * fixed(inner)
}

/**
 * The most bytes of values that are there at once, when nodes run in the order in which they were made and a value goes
 * after its last reader: what a run has to hold beside weights and inputs, whatever hands out the memory.
 */
export function mostBytesHeld(outputs: readonly Tensor[]): number {
  const nodes = neededNodes(outputs).filter(({ operation }) => !GIVEN.has(operation))
  const lastReader = new Map<Tensor, Node>()
  for (const node of nodes) for (const input of node.inputs) lastReader.set(memoryOf(input), node)
  const results = new Set(outputs.map(memoryOf))

  let held = 0
  let most = 0
  for (const node of nodes) {
    const made = node.outputs.filter((output) => memoryOf(output) === output)
    for (const output of made) if (lastReader.has(output) || results.has(output)) held += byteCount(output)
    most = Math.max(most, held)
    for (const input of new Set(node.inputs.map(memoryOf))) {
      const isLast = lastReader.get(input) === node && !results.has(input)
      if (isLast && !GIVEN.has(input.node.operation)) held -= byteCount(input)
    }
  }
  return most
}

const GIVEN: ReadonlySet<Operation> = new Set([INPUT, PARAMETER, CONSTANT])

/** The tensor in whose memory this one lies: another shape of the same numbers is no copy. */
function memoryOf(tensor: Tensor): Tensor {
  const { operation, inputs } = tensor.node
  return operation.type === 'Reshape' || operation.type === 'Unsqueeze' ? memoryOf(inputs[0]!) : tensor
}

function byteCount({ shape, dtype }: Tensor): number {
  return elementCount(shape) * { float32: 4, int64: 8, int32: 4, bool: 1, uint8: 1, uint4: 0.5 }[dtype]
}
