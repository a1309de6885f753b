import type { Graph, Tensor } from '../graph/tensor.js'
import { matcher } from '../patterns.js'
import type { LoraConfig } from './lora.js'

/** Numbers of themselves: a normal's deviation, or a uniform's bound. */
export type Drawn = 'zeros' | 'ones' | { readonly normal: number } | { readonly uniform: number }

/** How a parameter that no file gives is filled before training; by `words`, a row for each: the mean of its embeddings. */
export type Fresh = Drawn | { readonly words: readonly string[] }

/** The same, or like another parameter, which may have a base. */
export type Initial = Fresh | { readonly like: string }

/**
 * The place in a model where parameters are named: `scope.in('layers.0').parameter('weight', …)` is
 * `layers.0.weight`. What a fresh model starts from is noted beside the graph.
 */
export class Scope {
  readonly graph: Graph
  readonly path: string
  readonly initials: Map<string, Initial>
  readonly #lora: LoraConfig | undefined

  /** @param lora the projections that are adapted wherever they are built */
  constructor(graph: Graph, lora?: LoraConfig, path = '', initials: Map<string, Initial> = new Map()) {
    this.graph = graph
    this.path = path
    this.initials = initials
    this.#lora = lora
  }

  in(name: string): Scope {
    return new Scope(this.graph, this.#lora, this.#name(name), this.initials)
  }

  /** How the projection of this name is adapted, if it is. */
  get lora(): LoraConfig | undefined {
    return this.#lora && matcher(this.#lora.on)(this.path) ? this.#lora : undefined
  }

  parameter(name: string, shape: readonly number[], initial: Initial): Tensor {
    this.initials.set(this.#name(name), initial)
    return this.graph.parameter(this.#name(name), shape)
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }
}
