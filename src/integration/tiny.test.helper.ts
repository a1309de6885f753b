import { concat } from '../graph/shape.js'
import { fixed, Graph, type Tensor } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import type { Positions } from '../llm/decoder.js'
import { rotaryTables } from '../llm/rotary-tables.js'
import { Network } from '../model/network/network.js'
import { causalMask } from '../nn/attention.js'
import { Random } from '../random.js'
import type { Runtime } from '../runtime/runtime.js'
import type { IntegrationConfig } from './config.js'
import type { AudioTokens, Heard } from './integration.js'

/** CONFIG in reference/cache_prefix.py. */
export const LLM: LlamaConfig = {
  hiddenSize: 16,
  layers: 3,
  heads: 4,
  keyValueHeads: 2,
  headSize: 4,
  feedForwardSize: 24,
  vocabularySize: 20,
  normEpsilon: 1e-5,
  ropeTheta: 100,
  tieEmbeddings: true,
}

/** A tiny language model that is given audio tokens as they are, without an encoder. Batches of one. */
export class Tiny {
  readonly graph = new Graph()
  readonly network: Network

  constructor(integration: IntegrationConfig, llm: LlamaConfig = LLM) {
    this.network = new Network(this.graph, { encoders: [], integration, llm })
  }

  /** An input of audio tokens, without padding. */
  audio(name: string, count: number, firstPosition = 0): AudioTokens {
    const { hiddenSize } = this.network.config.llm
    return {
      name,
      tokens: this.graph.input(name, [1, count, hiddenSize]),
      mask: undefined,
      positions: this.positions(firstPosition, count),
    }
  }

  embed(ids: readonly number[]): Tensor {
    return this.network.decoder.embed(this.graph.constant(BigInt64Array.from(ids, BigInt), [1, ids.length]))
  }

  /** Runs the layers over what was heard and the text, which starts at the given position. */
  decode(heard: Heard, text: Tensor, firstPosition: number) {
    const states = concat([...heard.sequence.map(({ tokens }) => tokens), text], 1)
    const length = fixed(states.shape[1])
    return this.network.decode(states, heard, {
      positions: this.positions(firstPosition, length),
      mask: causalMask(this.graph, length),
    })
  }

  positions(first: number, count: number): Positions {
    const longest = 64
    const { graph } = this
    const tables = rotaryTables(this.network.config.llm, [...Array(longest).keys()])
    const shape = [longest, this.network.config.llm.headSize / 2]
    const indices = BigInt64Array.from({ length: count }, (_, i) => BigInt(first + i))
    return {
      indices: graph.constant(indices, [1, count]),
      cosine: graph.constant(tables.cosine, shape),
      sine: graph.constant(tables.sine, shape),
    }
  }
}

/** Runs a graph; weights and inputs that are not given are drawn at random, by their names. */
export async function evaluate<Name extends string>(
  runtime: Runtime,
  outputs: Readonly<Record<Name, Tensor>>,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): Promise<Record<Name, Float32Array>> {
  const { graph } = Object.values<Tensor>(outputs)[0] as Tensor
  const feeds: Record<string, Float32Array> = {}
  for (const [name, { shape }] of [...graph.parameters, ...graph.inputs]) {
    feeds[name] = given.get(name) ?? randomNumbers(name, shape.map(Number))
  }
  const program = await runtime.compile(outputs)
  const result = await program.run(feeds)
  await program.release()
  return Object.fromEntries(Object.entries(result.outputs).map(([name, { data }]) => [name, data])) as Record<
    Name,
    Float32Array
  >
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

function randomNumbers(name: string, shape: readonly number[]): Float32Array {
  const random = new Random('tiny', name)
  const count = shape.reduce((product, size) => product * size, 1)
  const deviation = shape.length > 1 ? 1 / Math.sqrt(shape.at(-1) as number) : 0.5
  return Float32Array.from({ length: count }, () => random.normal() * deviation)
}
