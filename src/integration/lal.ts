import { add, mul } from '../graph/elementwise.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Decoder } from '../llm/decoder.js'
import type { KeyValues } from '../nn/attention.js'
import { linear } from '../nn/linear.js'
import { unitRmsNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import type { LalSettings } from './config.js'
import { type AudioTokens, type Heard, nothing } from './integration.js'

/**
 * LAL, "lightweight audio LLM integration": audio enters a layer only as keys and values of its attention.
 *
 *   K = [ R(W_k N_l(A), 0 … N−1) ; R(W_k N_l(X_l), N … N+T−1) ]
 *   V = [ W_v N_l(A) ; W_v N_l(X_l) ]
 *
 * Queries come from the text alone; every text token sees all audio keys, and text is causal among itself. A is
 * never updated, forms no query, and passes no W_o and no FFN.
 *
 * Cost of the audio per layer, in multiply-adds: N·2d·d_kv and attention over T·(N + T).
 */
export function lal(
  scope: Scope,
  settings: LalSettings,
  audio: readonly AudioTokens[],
  decoder: Decoder,
): Heard {
  const silent = nothing(decoder)
  const { normEpsilon } = decoder.config
  // Layers norm the same tokens and differ by their gain alone: what is divided by is computed once for all.
  const units = audio.map(({ tokens }) => unitRmsNorm(tokens, normEpsilon))

  /** The audio half of one layer's keys and values. */
  const layerMemory = ({ tokens, mask, positions }: AudioTokens, i: number, layer: number): KeyValues => {
    const unit =
      settings.projector === 'per-layer'
        ? unitRmsNorm(corrected(scope, settings, tokens, layer), normEpsilon)
        : (units[i] as Tensor)
    const inputGain = decoder.inputGain(layer)
    const gain = settings.norm === 'own' ? ownGain(scope, layer, inputGain) : inputGain
    const turned = settings.positions === 'none' ? undefined : positions
    return { ...decoder.keyValues(layer, mul(unit, gain), turned), mask }
  }

  const memory = silent.memory.map((none, layer) =>
    hears(settings, layer) ? audio.map((one, i) => layerMemory(one, i, layer)) : none,
  )
  return { ...silent, memory }
}

/** Starts like the layer's: a pretrained layer's keys and values are made for states of its own gain. */
function ownGain(scope: Scope, layer: number, { name, shape }: Tensor): Tensor {
  return scope.in(`norms.${layer}`).parameter('weight', shape.map(fixed), { like: name })
}

/** A + B_l C_l A: the tokens as one layer wants them; B_l starts at zero. */
function corrected(scope: Scope, { rank = 16 }: LalSettings, tokens: Tensor, layer: number): Tensor {
  const at = scope.in(`projectors.${layer}`)
  const narrow = linear(at.in('down'), tokens, rank, { bias: false })
  return add(tokens, linear(at.in('up'), narrow, fixed(tokens.shape[2]), { bias: false, initial: 'zeros' }))
}

/** Does a layer hear the audio? */
export function hears({ layers = 'all' }: LalSettings, layer: number): boolean {
  if (layers === 'all') return true
  return 'from' in layers ? layer >= layers.from : layers.includes(layer)
}
