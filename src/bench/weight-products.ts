import { add } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { concat } from '../graph/shape.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import type { CompileOptions, Runtime } from '../runtime/runtime.js'
import { type BenchConfiguration, isPrepacked } from './configuration.js'
import { fastest, randomNumbers } from './machine.js'

/** What products take whose weights, precision and runtime are these, of all configurations that have them in common. */
export interface ProductsTime
  extends Pick<BenchConfiguration, 'llm' | 'bits' | 'prepacking' | 'provider' | 'threads'> {
  /** Of one token: the least of some. */
  readonly milliseconds: number
  /** Cores that others kept busy just before. */
  readonly load?: number
}

/** Tells them apart: weights in blocks are prepacked in any case, and measured once. */
export function productsKey(one: Omit<ProductsTime, 'milliseconds' | 'load'>): string {
  const { llm, bits, provider, threads } = one
  return [llm, bits, isPrepacked(one), provider, threads].join(' ')
}

/**
 * The least time of one token's products with the language model's weights, and of nothing else: no norms, no cache, no attention.
 * What a token takes beyond it, and what the runtime's products make of the memory's bandwidth, are two questions.
 * @returns milliseconds
 */
export async function weightProductsMs(
  runtime: Runtime,
  llm: LlamaConfig,
  options: Pick<CompileOptions, 'weights' | 'prepacking'>,
): Promise<number> {
  const program = await runtime.compile(weightProducts(llm), options)
  const feeds = { states: randomNumbers(llm.hiddenSize, 1) }
  const least = await fastest(async () => (await program.run(feeds)).milliseconds, ATTEMPTS)
  await program.release()
  return least
}

const ATTEMPTS = 30

/** Every layer has the same states, so that numbers stay of a size. The runtime computes one product after the other, as it does the model's. */
export function weightProducts(llm: LlamaConfig): { logits: Tensor; unread: Tensor } {
  const { layers, hiddenSize, heads, keyValueHeads, headSize, feedForwardSize, vocabularySize } = llm
  const graph = new Graph()
  const states = graph.input('states', [1, hiddenSize])
  const times = (name: string, x: Tensor, outputs: number) => {
    const weight = graph.parameter(`llm.${name}.weight`, [outputs, Number(x.shape[1])])
    return matmul(x, weight, { transposeB: true })
  }
  const unread = Array.from({ length: layers }, (_, layer) => {
    const of = (name: string, x: Tensor, outputs: number) =>
      times(`model.layers.${layer}.${name}`, x, outputs)
    const [keys, values] = ['k_proj', 'v_proj'].map((name) =>
      of(`self_attn.${name}`, states, keyValueHeads * headSize),
    ) as [Tensor, Tensor]
    const queries = of('self_attn.q_proj', states, heads * headSize)
    const attended = of('self_attn.o_proj', queries, hiddenSize)
    const gate = of('mlp.gate_proj', attended, feedForwardSize)
    const up = of('mlp.up_proj', attended, feedForwardSize)
    return [keys, values, of('mlp.down_proj', add(gate, up), hiddenSize)]
  }).flat()
  const head = llm.tieEmbeddings ? 'model.embed_tokens' : 'lm_head'
  return { logits: times(head, states, vocabularySize), unread: concat(unread, 1) }
}
