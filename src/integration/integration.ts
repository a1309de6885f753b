import type { Tensor } from '../graph/tensor.js'
import type { Decoder, Positions } from '../llm/decoder.js'
import type { KeyValues } from '../nn/attention.js'
import type { Scope } from '../nn/scope.js'
import type { IntegrationConfig } from './config.js'
import { flamingo } from './flamingo.js'
import { lal } from './lal.js'
import { pal } from './pal.js'
import { plits } from './plits.js'

/** The tokens of one encoder at the language model's width: A in the equations. */
export interface AudioTokens {
  /** The encoder's name, by which PAL routes it. */
  readonly name: string
  /** [batch, N, hiddenSize] */
  readonly tokens: Tensor
  /** Hides tokens that are padding: [batch, 1, 1, 1, N], added to attention scores. */
  readonly mask: Tensor | undefined
  /** Where the tokens stand among all audio keys. */
  readonly positions: Positions
}

/** What an integration gives the language model. */
export interface Heard {
  /** What enters the first layer before the text. */
  readonly sequence: readonly Pick<AudioTokens, 'tokens' | 'mask'>[]
  /** For each layer, keys and values that every token attends to beside the sequence. */
  readonly memory: readonly (readonly KeyValues[])[]
  /** For each layer, what a gated block before it attends to (Flamingo only). */
  readonly cross: readonly (KeyValues | undefined)[]
}

/** The one opening through which audio reaches the language model. */
export function integrate(
  scope: Scope,
  config: IntegrationConfig,
  audio: readonly AudioTokens[],
  decoder: Decoder,
): Heard {
  switch (config.kind) {
    case 'plits':
      return plits(audio, decoder)
    case 'lal':
      return lal(scope, config, audio, decoder)
    case 'pal':
      return pal(scope, config, audio, decoder)
    case 'flamingo':
      return flamingo(scope, config, audio, decoder)
  }
}

/** No audio: exactly the text-only language model. */
export function nothing(decoder: Decoder): Heard {
  const none = Array.from({ length: decoder.config.layers })
  return { sequence: [], memory: none.map(() => []), cross: none.map(() => undefined) }
}
