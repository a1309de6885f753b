import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gradientError } from '../graph/finite-differences.test.helper.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import { MASKED } from '../nn/attention.js'
import { Scope } from '../nn/scope.js'
import type { LlamaConfig } from './config.js'
import { Decoder } from './decoder.js'
import { rotaryTables } from './rotary-tables.js'

const TIME = 3

/** A layer with everything that a family may add. */
const config: LlamaConfig = {
  hiddenSize: 4,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  headSize: 4,
  feedForwardSize: 4,
  vocabularySize: 5,
  normEpsilon: 1e-5,
  ropeTheta: 100,
  ropeScaling: { kind: 'linear', factor: 2 },
  queryKeyValueBias: true,
  queryKeyNorm: true,
  tieEmbeddings: false,
}

test('gradients of every weight, biases and norms of queries and keys among them', async () => {
  const graph = new Graph()
  run(new Scope(graph), graph.input('states', [1, TIME, config.hiddenSize]))
  const names = [...graph.parameters.keys()]
  assert.ok(['k_proj.bias', 'q_norm.weight'].every((name) => names.some((known) => known.endsWith(name))))
  const shapes = [...graph.parameters.values()].map(({ shape }) => shape.map(Number))
  const error = await gradientError([[1, TIME, config.hiddenSize], ...shapes], (states, ...weights) => {
    return run(new GivenScope(states!.graph, new Map(names.map((name, i) => [name, weights[i]!]))), states!)
  })
  assert.ok(error < 5e-3, `${error}`)
})

function run(scope: Scope, states: Tensor): Tensor {
  const { graph } = scope
  const { cosine, sine } = rotaryTables(config, [...Array(TIME).keys()])
  const shape = [TIME, config.headSize / 2]
  const hidden = Float32Array.from({ length: TIME * TIME }, (_, i) =>
    i % TIME > Math.floor(i / TIME) ? MASKED : 0,
  )
  const decoder = new Decoder(scope, config)
  const decoded = decoder.run(states, {
    positions: {
      indices: graph.constant(BigInt64Array.of(0n, 1n, 2n), [1, TIME]),
      cosine: graph.constant(cosine, shape),
      sine: graph.constant(sine, shape),
    },
    mask: graph.constant(hidden, [1, 1, 1, TIME, TIME]),
  })
  return decoder.logits(decoded.states)
}

/** Parameters that are other tensors of the graph. */
class GivenScope extends Scope {
  readonly #tensors: ReadonlyMap<string, Tensor>

  constructor(graph: Graph, tensors: ReadonlyMap<string, Tensor>, path = '') {
    super(graph, undefined, path)
    this.#tensors = tensors
  }

  override in(name: string): Scope {
    return new GivenScope(this.graph, this.#tensors, this.#name(name))
  }

  override parameter(name: string): Tensor {
    return this.#tensors.get(this.#name(name))!
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }
}
