import type { Node, Tensor } from './tensor.js'

/** What the outputs depend on, in topological order. */
export function neededNodes(outputs: readonly Tensor[]): readonly Node[] {
  const needed = new Set<Node>()
  const pending = outputs.map(({ node }) => node)
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (needed.has(node)) continue
    needed.add(node)
    pending.push(...node.inputs.map((input) => input.node))
  }
  return [...needed].sort((a, b) => a.index - b.index)
}
