import { type QFormerConfig, qFormer } from '../connectors/q-former.js'
import { PalError } from '../errors.js'
import type { Decoder } from '../llm/decoder.js'
import type { Scope } from '../nn/scope.js'
import type { LalSettings, PalForm, UnifiedForm } from './config.js'
import type { AudioTokens, Heard } from './integration.js'
import { lal } from './lal.js'

/**
 * PAL: what the language model should decode goes through its layers (PLITS), what it should only know of is
 * attended to (LAL). The tokens in the sequence are ordinary tokens: they too attend to the LAL keys.
 *
 * Routed (paper v2): each encoder has its route, speech by PLITS and general audio by LAL.
 * Unified (paper v3): a few summary tokens, read from an encoder's tokens by learned queries, by PLITS, and all of its
 * tokens by LAL. The paper has one encoder; of several, each is summed up by itself, by the same queries.
 */
export function pal(
  scope: Scope,
  config: LalSettings & { readonly form: PalForm },
  audio: readonly AudioTokens[],
  decoder: Decoder,
): Heard {
  const { form } = config
  if ('routes' in form) {
    const on = (route: 'plits' | 'lal') => audio.filter(({ name }) => routeOf(form.routes, name) === route)
    return { ...lal(scope, config, on('lal'), decoder), sequence: on('plits') }
  }
  const summary = audio.map(({ tokens, mask }) => ({
    tokens: qFormer(scope.in('summary'), summaryOf(form), tokens, decoder.config.hiddenSize, mask),
    mask: undefined,
  }))
  return { ...lal(scope, config, audio, decoder), sequence: summary }
}

/** What makes the summary of the unified form. */
export function summaryOf({
  summaryTokens,
  summaryLayers = 1,
  summaryHeads = 4,
}: UnifiedForm): QFormerConfig {
  return { kind: 'qformer', queries: summaryTokens, layers: summaryLayers, heads: summaryHeads }
}

export function routeOf(routes: Readonly<Record<string, 'plits' | 'lal'>>, encoder: string): 'plits' | 'lal' {
  const route = routes[encoder]
  if (route) return route
  throw new PalError(`expected a route, "plits" or "lal", for the encoder "${encoder}", got none`, {
    key: 'integration.form.routes',
  })
}
