import { neededNodes } from '../graph/onnx.js'
import { type Dim, elementCount, fixed, type Node, type Tensor } from '../graph/tensor.js'

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
