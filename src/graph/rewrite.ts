import { neededNodes } from './needed-nodes.js'
import { CONSTANT, Graph, INPUT, type Node, PARAMETER, type Tensor } from './tensor.js'

/** What a node's outputs become: given the node as it was, and its inputs as they are in the new graph. */
export type Replacement = (node: Node, inputs: readonly Tensor[], graph: Graph) => readonly Tensor[]

/**
 * What the outputs need, in a graph of its own in which some operations have become others. The first graph stays as it is.
 * @param replace makes an operation's outputs; `again` makes those of the same one
 */
export function rewrite(
  outputs: Readonly<Record<string, Tensor>>,
  replace: Replacement,
): Readonly<Record<string, Tensor>> {
  const graph = new Graph()
  const made = new Map<Tensor, Tensor>()
  for (const node of neededNodes(Object.values(outputs))) {
    const inputs = node.inputs.map((input) => made.get(input) as Tensor)
    graph.segment = node.segment
    const results = sourceAgain(node, graph) ?? replace(node, inputs, graph)
    for (const [slot, output] of node.outputs.entries()) made.set(output, results[slot] as Tensor)
  }
  graph.segment = undefined
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [name, made.get(output) as Tensor]),
  )
}

/** The same operation. */
export function again({ operation, outputs, attributes }: Node, inputs: readonly Tensor[], graph: Graph) {
  const results = outputs.map(({ shape, dtype }) => ({ shape, dtype }))
  return graph.append(operation, inputs, results, attributes)
}

function sourceAgain({ operation, outputs }: Node, graph: Graph): readonly Tensor[] | undefined {
  const [tensor] = outputs as readonly [Tensor]
  const { name, dtype, shape } = tensor
  switch (operation) {
    case INPUT:
      return [graph.input(name, shape, dtype)]
    case PARAMETER:
      return [graph.parameter(name, shape.map(Number), dtype)]
    case CONSTANT:
      return [graph.constant(tensor.graph.constants.get(tensor)!, shape.map(Number), dtype)]
    default:
      return undefined
  }
}
