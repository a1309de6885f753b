import { qFormer } from '../connectors/q-former.js'
import { PalError } from '../errors.js'
import type { Decoder } from '../llm/decoder.js'
import type { Scope } from '../nn/scope.js'
import type { LalSettings, PalForm } from './config.js'
import type { AudioTokens, Heard } from './integration.js'
import { lal } from './lal.js'

/**
 * PAL: what the language model should decode goes through its layers (PLITS), what it should only know of is
 * attended to (LAL). The tokens in the sequence are ordinary tokens: they too attend to the LAL keys.
 *
 * Routed (paper v2): each encoder has its route, speech by PLITS and general audio by LAL.
 * Unified (paper v3): one encoder; a few summary tokens, read from its tokens by learned queries, by PLITS, and
 * all of its tokens by LAL.
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
  const summary = audio.map(({ tokens, mask }) => {
    const { summaryTokens, summaryLayers = 1, summaryHeads = 4 } = form
    const settings = {
      kind: 'qformer',
      queries: summaryTokens,
      layers: summaryLayers,
      heads: summaryHeads,
    } as const
    return {
      tokens: qFormer(scope.in('summary'), settings, tokens, decoder.config.hiddenSize, mask),
      mask: undefined,
    }
  })
  return { ...lal(scope, config, audio, decoder), sequence: summary }
}

export function routeOf(routes: Readonly<Record<string, 'plits' | 'lal'>>, encoder: string): 'plits' | 'lal' {
  const route = routes[encoder]
  if (route) return route
  throw new PalError(`expected a route, "plits" or "lal", for the encoder "${encoder}", got none`, {
    key: 'integration.form.routes',
  })
}
