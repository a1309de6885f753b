import { tokenGrid } from '../../encoders/encoder.js'
import { PalError } from '../../errors.js'
import { Graph } from '../../graph/tensor.js'
import type { LoraConfig } from '../../nn/lora.js'
import type { Initial } from '../../nn/scope.js'
import { isExclusion, matcher, uselessPattern } from '../../patterns.js'
import type { ModelConfig } from '../config/config.js'
import { decodeGraph } from './decode-graph.js'
import { encodeGraph } from './encode-graph.js'
import { integrateGraph } from './integrate-graph.js'
import { Network } from './network.js'

export interface ParameterInfo {
  readonly shape: readonly number[]
  /** What a fresh model starts from. */
  readonly initial: Initial
}

/**
 * Every weight of a model, by name: found by building all of its parts at their smallest.
 * @throws PalError for a pattern of `lora` that no projection fits
 */
export function modelParameters(config: ModelConfig): ReadonlyMap<string, ParameterInfo> {
  const graph = new Graph()
  const network = new Network(graph, config)
  for (const named of config.encoders) {
    const { samplesPerStep } = tokenGrid(named.encoder)
    encodeGraph(network, named, samplesPerStep)
  }
  integrateGraph(network)
  decodeGraph(network)
  expectAdapted(config.lora, [...graph.parameters.keys()])
  return new Map(
    [...graph.parameters].map(([name, { shape }]) => [
      name,
      { shape: shape.map(Number), initial: network.scope.initials.get(name) ?? 'zeros' },
    ]),
  )
}

function expectAdapted(lora: LoraConfig | undefined, names: readonly string[]): void {
  const adapted = names.flatMap((name) => name.match(/^(.*)\.lora_A\.weight$/)?.[1] ?? [])
  const patterns = lora?.on ?? []
  const weights = names.flatMap((name) => name.match(/^(.*)\.weight$/)?.[1] ?? [])
  const useless =
    uselessPattern(patterns, weights) ??
    patterns.find((pattern) => !isExclusion(pattern) && !adapted.some(matcher([pattern])))
  if (useless === undefined) return
  const last = useless.split('.').at(-1)
  const near =
    names.find((name) => name.endsWith(`.${last}.weight`)) ?? 'llm.model.layers.0.self_attn.q_proj.weight'
  const [what, none] = isExclusion(useless)
    ? ['exclude', 'excludes none of what the others fit']
    : ['fit', 'fits none']
  throw new PalError(`expected patterns that ${what} projections, got "${useless}", which ${none}`, {
    key: 'model.lora.on',
    hint: `A projection is named like its weight without ".weight", such as ${near.replace(/\.weight$/, '')}.`,
  })
}
