import { checkpoint } from '../graph/checkpoint.js'
import { add, mul, silu } from '../graph/elementwise.js'
import { gather } from '../graph/gather.js'
import type { GroupQueryInputs, Present } from '../graph/group-query-attention.js'
import { matmul } from '../graph/matmul.js'
import { rotary } from '../graph/rotary.js'
import { reshape } from '../graph/shape.js'
import type { Dim, Tensor } from '../graph/tensor.js'
import { attention, type KeyValues, splitHeads } from '../nn/attention.js'
import { cachedAttention } from '../nn/cached-attention.js'
import { linear } from '../nn/linear.js'
import { rmsNorm } from '../nn/norm.js'
import type { Ragged } from '../nn/ragged.js'
import type { Scope } from '../nn/scope.js'
import type { LlamaConfig } from './config.js'

/** Where tokens stand: indices [batch, time] into tables of cosines and sines [positions, headSize/2]. */
export interface Positions {
  readonly indices: Tensor
  readonly cosine: Tensor
  readonly sine: Tensor
}

export interface DecoderInputs {
  readonly positions: Positions
  /** Which earlier tokens of the sequence each token sees, added to the scores: [batch, 1, 1, time, time]. */
  readonly mask?: Tensor | undefined
  /** For each layer, further keys and values that every token sees: an audio memory. */
  readonly memory?: readonly (readonly KeyValues[])[]
  /** For each layer, the rows that it goes on from, an audio memory among them; there is no `memory` and no `mask` beside it. */
  readonly cache?: readonly LayerCache[] | undefined
  /** The rows that states are of which come without padding, [tokens, hiddenSize]. */
  readonly ragged?: Ragged | undefined
  /** Those of the tokens whose states are read after the last layer, which makes no others. @default all */
  readonly read?: Selection | undefined
  /** Changes the states before a layer (Flamingo's blocks). */
  readonly before?: ((layer: number, states: Tensor) => Tensor) | undefined
  /** @default false */
  readonly checkpointing?: Checkpointing
}

/** Some of the tokens, of what stands along their axis: that of time, or the first where rows are ragged. */
export type Selection = (all: Tensor, axis: number) => Tensor

/** What earlier tokens have left for a layer, see `GroupQueryInputs`. */
export type LayerCache = Pick<GroupQueryInputs, 'pastKeys' | 'pastValues' | 'lastRow' | 'totalRows'>

/**
 * What is computed again for the gradient instead of being kept: the FFN's gates, which cost one more pass over them (`gates`, as
 * PyTorch's compiler does); also the weights of attention, large and quickly made (`selective`, Korthikanti et al. 2022); or all of
 * a layer (true).
 */
export type Checkpointing = boolean | 'gates' | 'selective'

/**
 * A decoder of the Llama family: RMSNorm, rotary positions, grouped queries, SwiGLU (Touvron et al. 2023), with
 * Hugging Face's names for the weights (modeling_llama.py, modeling_qwen2.py and modeling_qwen3.py of
 * Transformers). It knows nothing of audio: what a layer may attend to beside the text comes in as `memory`.
 */
export class Decoder {
  readonly config: LlamaConfig
  readonly #scope: Scope

  constructor(scope: Scope, config: LlamaConfig) {
    this.#scope = scope
    this.config = config
  }

  /** ids [batch, time] (int64) → [batch, time, hiddenSize]. */
  embed(ids: Tensor): Tensor {
    return gather(this.#embeddings, ids)
  }

  /** The input norm of one layer, N_l: [batch, time, hiddenSize]. */
  inputNorm(layer: number, states: Tensor): Tensor {
    return rmsNorm(this.#layer(layer).in('input_layernorm'), states, this.config.normEpsilon)
  }

  /** The gain of that norm: [hiddenSize]. */
  inputGain(layer: number): Tensor {
    return this.#layer(layer).in('input_layernorm').parameter('weight', [this.config.hiddenSize], 'ones')
  }

  /**
   * The keys and values that one layer makes of normed states [batch, time, hiddenSize]: W_k and W_v, the keys
   * turned to their positions unless there are none. Of ragged rows [tokens, hiddenSize], these are of padded ones.
   */
  keyValues(layer: number, normed: Tensor, positions: Positions | undefined, ragged?: Ragged): KeyValues {
    const { keyValueHeads } = this.config
    const { keys, values } = this.#keysAndValues(layer, normed, positions, ragged)
    return { keys: splitHeads(keys, keyValueHeads), values: splitHeads(values, keyValueHeads) }
  }

  /**
   * All layers: states [batch, time, hiddenSize] → [batch, read, hiddenSize], or of ragged rows [tokens, hiddenSize] → [read,
   * hiddenSize]; and each layer's cache with the new tokens' rows, if there is one. The final norm is part of `logits`.
   */
  run(
    states: Tensor,
    inputs: DecoderInputs,
  ): { readonly states: Tensor; readonly present: readonly Present[] } {
    const present: Present[] = []
    let current = states
    for (let layer = 0; layer < this.config.layers; layer++) {
      const result = this.#pass(layer, current, inputs)
      if (result.present) present.push(result.present)
      current = result.states
    }
    return { states: current, present }
  }

  /**
   * What tokens leave for those that come after them: each layer's keys and values. The last layer makes nothing else of them.
   * @param states as `run` takes them
   */
  prefix(states: Tensor, inputs: Omit<DecoderInputs, 'cache' | 'read' | 'before'>): readonly KeyValues[] {
    const last = this.config.layers - 1
    const left: KeyValues[] = []
    let current = states
    for (let layer = 0; layer < last; layer++) {
      const result = this.#pass(layer, current, inputs)
      left.push(result.own!)
      current = result.states
    }
    const normed = this.inputNorm(last, current)
    return [...left, this.keyValues(last, normed, inputs.positions, inputs.ragged)]
  }

  /** The final norm and the output head: [..., hiddenSize] → [..., vocabularySize]. */
  logits(states: Tensor): Tensor {
    const { normEpsilon, tieEmbeddings, vocabularySize, hiddenSize } = this.config
    const normed = rmsNorm(this.#scope.in('model.norm'), states, normEpsilon)
    const head = tieEmbeddings
      ? this.#embeddings
      : this.#scope.parameter('lm_head.weight', [vocabularySize, hiddenSize], { normal: 0.02 })
    return matmul(normed, head, { transposeB: true })
  }

  /** One layer, computed again for the gradient if whole layers are. */
  #pass(layer: number, x: Tensor, inputs: DecoderInputs): Passed {
    return checkpoint(this.#scope.graph, inputs.checkpointing === true, () =>
      this.#run(layer, inputs.before?.(layer, x) ?? x, inputs),
    )
  }

  #run(layer: number, x: Tensor, inputs: DecoderInputs): Passed {
    const { hiddenSize, normEpsilon, layers } = this.config
    const { read, ragged, checkpointing } = inputs
    // A token that nobody reads after the last layer is heard there by its keys and values alone.
    const ofRead: Selection = read && layer === layers - 1 ? read : (all) => all
    const normed = this.inputNorm(layer, x)
    const { mixed, ...left } = inputs.cache
      ? this.#attendFrom(inputs.cache[layer]!, layer, normed, inputs, ofRead)
      : this.#attend(layer, normed, inputs, ofRead)
    const states = ofRead(x, ragged ? 0 : 1)
    const attended = add(states, this.#project(layer, 'self_attn.o_proj', mixed, hiddenSize))
    const second = rmsNorm(this.#layer(layer).in('post_attention_layernorm'), attended, normEpsilon)
    const gatesAgain = checkpointing === 'gates' || checkpointing === 'selective'
    return { states: add(attended, this.#feedForward(layer, second, gatesAgain)), ...left }
  }

  /**
   * From the start: tokens see what the mask shows of themselves, and all of the memory. Ragged rows are padded for it, so what is
   * not read of them is left out behind it.
   */
  #attend(
    layer: number,
    normed: Tensor,
    { positions, mask, memory, ragged, checkpointing }: DecoderInputs,
    ofRead: Selection,
  ): { mixed: Tensor; own: KeyValues } {
    const { heads, keyValueHeads } = this.config
    const asking: Selection = ragged ? (all) => all : ofRead
    const own = this.keyValues(layer, normed, positions, ragged)
    const heard = { ...own, mask: mask && asking(mask, 3), causal: mask !== undefined }
    const indices = asking(positions.indices, 1)
    const asked = this.#queries(layer, asking(normed, 1), { ...positions, indices }, ragged)
    const queries = splitHeads(asked, keyValueHeads, heads / keyValueHeads)
    const stretches = [...(memory?.[layer] ?? []), heard]
    const mixed = attention(queries, stretches, { checkpointing: checkpointing === 'selective' })
    return { mixed: ragged ? ofRead(ragged.unpad(mixed), 0) : mixed, own }
  }

  /** From a cache. Its operation takes as many queries as keys, so those that are not read are left out behind it. */
  #attendFrom(
    cache: LayerCache,
    layer: number,
    normed: Tensor,
    { positions }: DecoderInputs,
    ofRead: Selection,
  ): { mixed: Tensor; present: Present } {
    const { keys, values } = this.#keysAndValues(layer, normed, positions)
    const queries = this.#queries(layer, normed, positions)
    const { mixed, present } = cachedAttention({ ...cache, queries, keys, values }, this.config.headSize)
    return { mixed: ofRead(mixed, 1), present }
  }

  /** [batch, time, hiddenSize] → [batch, time, heads·headSize], turned to their positions. */
  #queries(layer: number, normed: Tensor, positions: Positions, ragged?: Ragged): Tensor {
    const asked = this.#projectHeads(layer, 'q_proj', normed, this.config.heads, ragged)
    return rotate(this.#normHeads(layer, 'q_norm', asked), positions)
  }

  /** [batch, time, hiddenSize] → [batch, time, keyValueHeads·headSize] each. */
  #keysAndValues(
    layer: number,
    normed: Tensor,
    positions: Positions | undefined,
    ragged?: Ragged,
  ): { keys: Tensor; values: Tensor } {
    const project = (name: 'k_proj' | 'v_proj') =>
      this.#projectHeads(layer, name, normed, this.config.keyValueHeads, ragged)
    const keys = this.#normHeads(layer, 'k_norm', project('k_proj'))
    const values = project('v_proj')
    return { keys: positions ? rotate(keys, positions) : keys, values }
  }

  /** W x, and b where the model has one: [batch, time, hiddenSize], or those of ragged rows → [batch, time, heads·headSize]. */
  #projectHeads(
    layer: number,
    name: 'q_proj' | 'k_proj' | 'v_proj',
    x: Tensor,
    heads: number,
    ragged: Ragged | undefined,
  ): Tensor {
    const { headSize, queryKeyValueBias = false } = this.config
    const projected = this.#project(layer, `self_attn.${name}`, x, heads * headSize, queryKeyValueBias)
    return ragged?.pad(projected) ?? projected
  }

  /** Qwen3's norm of each head's queries or keys, one for all heads of a layer: [batch, time, heads·headSize]. */
  #normHeads(layer: number, name: 'q_norm' | 'k_norm', states: Tensor): Tensor {
    const { queryKeyNorm, normEpsilon, headSize } = this.config
    if (!queryKeyNorm) return states
    const [batch, time, width] = states.shape as readonly [Dim, Dim, number]
    const byHead = reshape(states, [batch, time, width / headSize, headSize])
    return reshape(rmsNorm(this.#layer(layer).in(`self_attn.${name}`), byHead, normEpsilon), states.shape)
  }

  /** SwiGLU: W_down(silu(W_gate x) · W_up x). */
  #feedForward(layer: number, x: Tensor, checkpointing: boolean): Tensor {
    const { feedForwardSize, hiddenSize } = this.config
    const gate = this.#project(layer, 'mlp.gate_proj', x, feedForwardSize)
    const up = this.#project(layer, 'mlp.up_proj', x, feedForwardSize)
    const gated = checkpoint(this.#scope.graph, checkpointing, () => mul(silu(gate), up))
    return this.#project(layer, 'mlp.down_proj', gated, hiddenSize)
  }

  #project(layer: number, name: string, x: Tensor, outputs: number, bias = false): Tensor {
    return linear(this.#layer(layer).in(name), x, outputs, { bias, initial: this.#initial(name) })
  }

  /** What writes to the residual stream starts smaller, by the number of such writes (GPT-2). */
  #initial(name: string): { normal: number } {
    const { hiddenSize, layers } = this.config
    const writes = name === 'self_attn.o_proj' || name === 'mlp.down_proj'
    return { normal: 1 / Math.sqrt((writes ? 2 * layers : 1) * hiddenSize) }
  }

  get #embeddings(): Tensor {
    const { vocabularySize, hiddenSize } = this.config
    return this.#scope.parameter('model.embed_tokens.weight', [vocabularySize, hiddenSize], {
      normal: 1 / Math.sqrt(hiddenSize),
    })
  }

  #layer(layer: number): Scope {
    return this.#scope.in(`model.layers.${layer}`)
  }
}

/** What a layer makes of tokens. */
interface Passed {
  readonly states: Tensor
  /** From the start, their keys and values. */
  readonly own?: KeyValues
  /** From a cache, the cache with them. */
  readonly present?: Present
}

function rotate(states: Tensor, { indices, cosine, sine }: Positions): Tensor {
  return rotary(states, indices, cosine, sine)
}
