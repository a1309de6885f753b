import { ADD } from './elementwise.js'
import { RMS_NORM } from './normalize.js'
import { CONSTANT, type Node, type Operation, PARAMETER, type Tensor } from './tensor.js'

/**
 * Has a residual sum computed by the RMSNorm that reads it: one operation instead of two. Beside its products, a single token's time is
 * mostly the number of operations, and ONNX Runtime's own optimiser does not find these.
 *
 * Norms whose 1/√(mean(a²) + epsilon) is read, by a gradient, stay as they are: the fused kernel does not give it. So do
 * those of a checkpointed segment, which are computed again one by one, and have to come out the same.
 *
 * @param nodes in topological order, all that is needed
 * @param outputs what is read when all have run
 */
export function fuseResidualNorms(nodes: readonly Node[], outputs: readonly Tensor[]): readonly Node[] {
  const read = new Set([...outputs, ...nodes.flatMap(({ inputs }) => inputs)])
  const normOf = new Map<Node, Node>()
  for (const node of nodes) {
    const [sum] = node.inputs
    if (sum && isNormOfSum(node, read) && !normOf.has(sum.node)) normOf.set(sum.node, node)
  }
  const fused = new Set(normOf.values())
  return nodes
    .filter((node) => !fused.has(node))
    .map((node) => {
      const norm = normOf.get(node)
      return norm ? residualNorm(node, norm) : node
    })
}

function isNormOfSum({ operation, inputs, outputs, segment }: Node, read: ReadonlySet<Tensor>): boolean {
  if (operation !== RMS_NORM || segment) return false
  const [sum, gain] = inputs as readonly [Tensor, Tensor]
  const [, inverse] = outputs as readonly [Tensor, Tensor]
  const { operation: summing, inputs: summands } = sum.node
  return (
    summing === ADD &&
    !read.has(inverse) &&
    // The norm moves to where the sum was: its gain has to be there already.
    (gain.node.operation === PARAMETER || gain.node.operation === CONSTANT) &&
    (sum.shape.length === 2 || sum.shape.length === 3) &&
    summands.every(({ shape }) => shape.join() === sum.shape.join())
  )
}

function residualNorm(add: Node, norm: Node): Node {
  const [normed] = norm.outputs as readonly [Tensor]
  const [sum] = add.outputs as readonly [Tensor]
  const notRead = { ...sum, name: '' }
  return {
    ...add,
    operation: RESIDUAL_NORM,
    inputs: [...add.inputs, norm.inputs[1] as Tensor],
    outputs: [normed, notRead, notRead, sum],
    attributes: { epsilon: norm.attributes.epsilon! },
  }
}

/** norm(a + b), the mean and its inverse, which the kernel does not give, and a + b. */
const RESIDUAL_NORM: Operation = { type: 'SkipSimplifiedLayerNormalization', domain: 'com.microsoft' }
