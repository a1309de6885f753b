import { add, gelu, mul, tanh } from '../graph/elementwise.js'
import { concat } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Decoder } from '../llm/decoder.js'
import { attention, type KeyValues, splitHeads } from '../nn/attention.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Ragged } from '../nn/ragged.js'
import type { Scope } from '../nn/scope.js'
import type { FlamingoSettings } from './config.js'
import { type AudioTokens, type Heard, nothing } from './integration.js'

/**
 * Flamingo (Alayrac et al. 2022, section 2.2 and figure 4), the baseline: before every k-th layer a block of
 * its own, whose gates start at zero and leave the language model untouched:
 *
 *   Y = X + tanh(α)·CrossAttention(norm(X), A)
 *   X' = Y + tanh(β)·FFN(norm(Y))
 */
export function flamingo(
  scope: Scope,
  settings: FlamingoSettings,
  audio: readonly AudioTokens[],
  decoder: Decoder,
): Heard {
  const silent = nothing(decoder)
  if (audio.length === 0) return silent
  const tokens = concat(
    audio.map((one) => one.tokens),
    1,
  )
  const masks = audio.map(({ mask }) => mask).filter((mask) => mask !== undefined)
  const mask = masks.length > 0 ? concat(masks, 4) : undefined
  const cross = silent.cross.map((_, layer) => {
    if (!hasBlock(settings, layer)) return undefined
    const at = scope.in(`blocks.${layer}.attention`)
    const normed = layerNorm(at.in('audio_norm'), tokens, EPSILON)
    const { heads, hiddenSize } = decoder.config
    const project = (name: string) =>
      splitHeads(linear(at.in(name), normed, hiddenSize, { bias: false }), heads)
    return { keys: project('key'), values: project('value'), mask }
  })
  return { ...silent, cross }
}

/** Does a block go before a layer? */
export function hasBlock({ every }: FlamingoSettings, layer: number): boolean {
  return layer % every === 0
}

/** The gated block: states [batch, time, hiddenSize], or those of ragged rows, with what `flamingo` made of the audio for its layer. */
export function flamingoBlock(
  scope: Scope,
  layer: number,
  heads: number,
  x: Tensor,
  audio: KeyValues,
  ragged?: Ragged,
): Tensor {
  const at = scope.in(`blocks.${layer}`)
  const size = fixed(x.shape.at(-1))
  const gate = (name: string) => tanh(at.parameter(name, [1], 'zeros'))
  const plain = { bias: false } as const

  const normed = layerNorm(at.in('attention.norm'), x, EPSILON)
  // Scaled before the heads are split: a product of a single row is twice as fast without a factor, and one behind the split would be
  // moved into it.
  const asked = mul(linear(at.in('attention.query'), normed, size, plain), 1 / Math.sqrt(size / heads))
  const heard = attention(splitHeads(ragged?.pad(asked) ?? asked, heads), [audio], { scale: 1 })
  const mixed = linear(at.in('attention.output'), ragged?.unpad(heard) ?? heard, size, plain)
  const attended = add(x, mul(mixed, gate('attention_gate')))

  const widened = gelu(
    linear(at.in('ffn.up'), layerNorm(at.in('ffn.norm'), attended, EPSILON), 4 * size, plain),
  )
  return add(attended, mul(linear(at.in('ffn.down'), widened, size, plain), gate('ffn_gate')))
}

const EPSILON = 1e-5
