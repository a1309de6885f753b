import type { Graph, Tensor } from '../graph/tensor.js'

/** How a parameter that no file gives is filled before training. */
export type Initial = 'zeros' | 'ones' | { readonly normal: number }

/**
 * The place in a model where parameters are named: `scope.in('layers.0').parameter('weight', …)` is
 * `layers.0.weight`. What a fresh model starts from is noted beside the graph.
 */
export class Scope {
  readonly graph: Graph
  readonly path: string
  readonly initials: Map<string, Initial>

  constructor(graph: Graph, path = '', initials: Map<string, Initial> = new Map()) {
    this.graph = graph
    this.path = path
    this.initials = initials
  }

  in(name: string): Scope {
    return new Scope(this.graph, this.#name(name), this.initials)
  }

  parameter(name: string, shape: readonly number[], initial: Initial): Tensor {
    this.initials.set(this.#name(name), initial)
    return this.graph.parameter(this.#name(name), shape)
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }
}
