import { tokenGrid } from '../encoders/encoder.js'
import { Graph } from '../graph/tensor.js'
import type { Initial } from '../nn/scope.js'
import type { ModelConfig } from './config.js'
import { decodeGraph } from './decode-graph.js'
import { encodeGraph } from './encode-graph.js'
import { integrateGraph } from './integrate-graph.js'
import { Network } from './network.js'

export interface ParameterInfo {
  readonly shape: readonly number[]
  /** What a fresh model starts from. */
  readonly initial: Initial
}

/** Every weight of a model, by name: found by building all of its parts at their smallest. */
export function modelParameters(config: ModelConfig): ReadonlyMap<string, ParameterInfo> {
  const graph = new Graph()
  const network = new Network(graph, config)
  for (const named of config.encoders) {
    const { samplesPerStep } = tokenGrid(named.encoder)
    encodeGraph(network, named, samplesPerStep)
  }
  integrateGraph(network)
  decodeGraph(network)
  return new Map(
    [...graph.parameters].map(([name, { shape }]) => [
      name,
      { shape: shape.map(Number), initial: network.scope.initials.get(name) ?? 'zeros' },
    ]),
  )
}
