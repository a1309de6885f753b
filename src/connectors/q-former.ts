import { add, gelu } from '../graph/elementwise.js'
import { broadcastTo, reshape } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { attention, splitHeads } from '../nn/attention.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'

export interface QFormerConfig {
  readonly kind: 'qformer'
  /** How many tokens come out, however long the audio is. */
  readonly queries: number
  readonly layers: number
  readonly heads: number
}

/**
 * Learned queries that read the audio: per layer self-attention, cross-attention to the audio tokens and an
 * FFN, pre-norm (BLIP-2, Li et al. 2023, section 3.1).
 *
 * @param tokens [batch, tokens, encoder width]
 * @param mask [batch, 1, 1, 1, tokens], added to the scores of the cross-attention
 * @returns [batch, queries, hiddenSize]
 */
export function qFormer(
  scope: Scope,
  config: QFormerConfig,
  tokens: Tensor,
  hiddenSize: number,
  mask?: Tensor,
): Tensor {
  const batch = fixed(tokens.shape[0])
  const learned = scope.parameter('queries', [config.queries, hiddenSize], { normal: 0.5 })
  const audio = layerNorm(scope.in('norm'), tokens, EPSILON)
  let states = broadcastTo(reshape(learned, [1, config.queries, hiddenSize]), [
    batch,
    config.queries,
    hiddenSize,
  ])
  for (let layer = 0; layer < config.layers; layer++) {
    const at = scope.in(`layers.${layer}`)
    const own = layerNorm(at.in('self_norm'), states, EPSILON)
    states = add(states, attend(at.in('self'), config, own, own, hiddenSize))
    const asking = layerNorm(at.in('cross_norm'), states, EPSILON)
    states = add(states, attend(at.in('cross'), config, asking, audio, hiddenSize, mask))
    const widened = gelu(
      linear(at.in('ffn.up'), layerNorm(at.in('ffn_norm'), states, EPSILON), 4 * hiddenSize),
    )
    states = add(states, linear(at.in('ffn.down'), widened, hiddenSize))
  }
  return states
}

const EPSILON = 1e-6

function attend(
  scope: Scope,
  { heads }: QFormerConfig,
  x: Tensor,
  context: Tensor,
  size: number,
  mask?: Tensor,
): Tensor {
  const project = (name: string, from: Tensor) => splitHeads(linear(scope.in(name), from, size), heads)
  const [keys, values] = [project('key', context), project('value', context)]
  return linear(scope.in('output'), attention(project('query', x), [{ keys, values, mask }]), size)
}
