import { CONSTANT, type Graph, INPUT, type Node, PARAMETER, type Segment, type Tensor } from './tensor.js'
import { waiting, zeroAfter } from './wait.js'

/**
 * Builds a part of the graph whose inner values are not kept for the gradient but computed again from the
 * part's inputs (Chen et al. 2016); what the rest of the graph reads of it is kept. The result is unchanged;
 * the gradient is the same to the last bit but for the order of sums.
 *
 * @param wanted whether to; else the part is just built
 */
export function checkpoint<T>(graph: Graph, wanted: boolean, build: () => T): T {
  if (!wanted) return build()
  if (graph.segment) throw new Error('checkpoint: a checkpointed part cannot hold another')
  graph.segment = { index: graph.nodes.length }
  try {
    return build()
  } finally {
    graph.segment = undefined
  }
}

/**
 * The values of one segment, computed again. Those that are there are made to depend on the gradient that arrives at
 * it: otherwise the runtime would find the copies equal to the originals and keep those, and compute what a gradient
 * rule makes of such a value alone long before its turn.
 */
export class Recomputation {
  readonly #segment: Segment
  readonly #results: ReadonlySet<Tensor>
  readonly #zero: Tensor
  readonly #copies = new Map<Tensor, Tensor>()
  readonly #gated = new Map<Tensor, Tensor>()

  /** @param results what others read of segments: it is there in any case, and not computed again (see `resultsOfSegments`) */
  constructor(segment: Segment, arriving: Tensor, results: ReadonlySet<Tensor>) {
    this.#segment = segment
    this.#results = results
    this.#zero = zeroAfter(arriving)
  }

  /** What a gradient rule may read: the node with copies for the segment's own values, and all of them waiting for its turn. */
  view(node: Node): Pick<Node, 'inputs' | 'outputs' | 'attributes'> {
    return {
      inputs: node.inputs.map((tensor) => this.#copy(tensor)),
      outputs: node.outputs.map((tensor) => this.#copy(tensor)),
      attributes: node.attributes,
    }
  }

  #copy(tensor: Tensor): Tensor {
    const { node } = tensor
    if (node.segment !== this.#segment || this.#results.has(tensor)) return this.#gate(tensor)
    const known = this.#copies.get(tensor)
    if (known) return known
    const inputs = node.inputs.map((input) => this.#copy(input))
    const outputs = node.outputs.map(({ shape, dtype }) => ({ shape, dtype }))
    const copies = tensor.graph.append(node.operation, inputs, outputs, node.attributes)
    for (const [slot, original] of node.outputs.entries()) this.#copies.set(original, copies[slot] as Tensor)
    return this.#copies.get(tensor) as Tensor
  }

  #gate(tensor: Tensor): Tensor {
    const { operation } = tensor.node
    if (
      operation === PARAMETER ||
      operation === CONSTANT ||
      operation === INPUT ||
      tensor.dtype !== 'float32'
    ) {
      return tensor
    }
    const known = this.#gated.get(tensor)
    if (known) return known
    const gated = waiting(tensor, this.#zero)
    this.#gated.set(tensor, gated)
    return gated
  }
}

/** The values of segments that nodes outside read. */
export function resultsOfSegments(nodes: readonly Node[]): ReadonlySet<Tensor> {
  const leaving = ({ inputs, segment }: Node) =>
    inputs.filter(({ node }) => node.segment && node.segment !== segment)
  return new Set(nodes.flatMap(leaving))
}
