import { add } from '../graph/elementwise.js'
import type { Tensor } from '../graph/tensor.js'
import { attention, type KeyValues, splitHeads } from '../nn/attention.js'

/** The parts of a transformer layer, under whatever names a family keeps their weights. */
export interface LayerParts {
  readonly attentionNorm: (x: Tensor) => Tensor
  readonly attention: (x: Tensor) => Tensor
  readonly feedForwardNorm: (x: Tensor) => Tensor
  readonly feedForward: (x: Tensor) => Tensor
}

/** x + attention(norm(x)), then x + ffn(norm(x)): Whisper, AST and Swin. */
export function preNormLayer(x: Tensor, parts: LayerParts): Tensor {
  const attended = add(x, parts.attention(parts.attentionNorm(x)))
  return add(attended, parts.feedForward(parts.feedForwardNorm(attended)))
}

/** norm(x + attention(x)), then norm(x + ffn(x)): EAT and SSLAM. */
export function postNormLayer(x: Tensor, parts: LayerParts): Tensor {
  const attended = parts.attentionNorm(add(x, parts.attention(x)))
  return parts.feedForwardNorm(add(attended, parts.feedForward(attended)))
}

/**
 * Attention of a sequence to itself, before the output projection.
 * @param projected queries, keys and values, each [batch, time, width]
 * @param mask added to the scores, [batch or 1, heads or 1, 1, time or 1, time]
 */
export function selfAttention(
  projected: readonly [Tensor, Tensor, Tensor],
  heads: number,
  mask?: KeyValues['mask'],
): Tensor {
  const [queries, keys, values] = projected.map((x) => splitHeads(x, heads)) as [Tensor, Tensor, Tensor]
  return attention(queries, [{ keys, values, mask }])
}
