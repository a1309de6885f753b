import { Recomputation, resultsOfSegments } from './checkpoint.js'
import { add } from './elementwise.js'
import { broadcastTo } from './shape.js'
import type { Node, Segment, Tensor } from './tensor.js'

/**
 * Reverse-mode differentiation: appends to the graph what computes d loss / d value for each of the values.
 * Only paths that lead from one of the values to the loss are differentiated, so a frozen part costs nothing.
 *
 * @param loss a tensor of one element
 * @throws if a value does not reach the loss, or if an operation on the way has no gradient
 */
export function gradients(loss: Tensor, values: readonly Tensor[]): readonly Tensor[] {
  const { graph } = loss
  const reached = reachedFrom(values, graph.nodes.slice(0, loss.node.index + 1))
  const arriving = new Map<Tensor, Tensor>()
  const one = graph.constant(
    new Float32Array([1]),
    loss.shape.map(() => 1),
  )
  arriving.set(loss, broadcastTo(one, loss.shape))
  const results = resultsOfSegments(graph.nodes)
  const recomputations = new Map<Segment, Recomputation>()

  for (let index = loss.node.index; index >= 0; index--) {
    const node = graph.nodes[index] as Node
    if (!reached.has(node) || node.inputs.length === 0) continue
    const outgoing = node.outputs.map((output) => arriving.get(output))
    const first = outgoing.find((gradient) => gradient !== undefined)
    if (!first) continue
    if (!node.operation.gradient) {
      throw new Error(`${node.operation.type} (${node.outputs[0]?.name}) has no gradient`)
    }
    const incoming = node.operation.gradient(viewOf(node, first, results, recomputations), outgoing)
    for (const [slot, input] of node.inputs.entries()) {
      const gradient = incoming[slot]
      if (!gradient || !reached.has(input.node)) continue
      const sofar = arriving.get(input)
      arriving.set(input, sofar ? add(sofar, gradient) : gradient)
    }
    for (const output of node.outputs) if (!values.includes(output)) arriving.delete(output)
  }

  return values.map((value) => {
    const gradient = arriving.get(value)
    if (!gradient) throw new Error(`gradients: ${value.name} does not reach the loss`)
    return gradient
  })
}

/** The nodes that depend on one of the values. */
function reachedFrom(values: readonly Tensor[], nodes: readonly Node[]): ReadonlySet<Node> {
  const reached = new Set(values.map(({ node }) => node))
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input.node))) reached.add(node)
  }
  return reached
}

function viewOf(
  node: Node,
  arriving: Tensor,
  results: ReadonlySet<Tensor>,
  recomputations: Map<Segment, Recomputation>,
): Pick<Node, 'inputs' | 'outputs' | 'attributes'> {
  if (!node.segment) return node
  let recomputation = recomputations.get(node.segment)
  if (!recomputation) {
    recomputation = new Recomputation(node.segment, arriving, results)
    recomputations.set(node.segment, recomputation)
  }
  return recomputation.view(node)
}
