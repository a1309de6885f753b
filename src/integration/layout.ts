import type { IntegrationConfig } from './config.js'
import { routeOf } from './pal.js'

/** Where audio and text stand. Positions are those of the rotary embedding. */
export interface Layout {
  /** The position of the first key of each encoder that goes by LAL. */
  readonly keyStart: Readonly<Record<string, number>>
  /** Tokens that stand in the sequence before the text, one entry for each element of `Heard.sequence`. */
  readonly sequence: readonly number[]
  /** The position of the sequence's first token. */
  readonly sequenceStart: number
  readonly tokens: TokensByRoute
}

/** Audio tokens: through the layers of the language model, as keys and values only, or to gated blocks (Flamingo). */
export type TokensByRoute = Readonly<Record<Route, number>>

type Route = 'plits' | 'lal' | 'cross'

/** Lays out the tokens of each encoder, given by its name and how many there are, in the encoders' order. */
export function layOut(
  config: IntegrationConfig,
  counts: readonly { readonly name: string; readonly tokens: number }[],
): Layout {
  const going = (route: Route) => counts.filter(({ name }) => routeIn(config, name) === route)
  const tokensOf = (route: Route) => going(route).map(({ tokens }) => tokens)
  const keyStart: Record<string, number> = {}
  let keys = 0
  for (const { name, tokens } of going('lal')) {
    keyStart[name] = keys
    keys += tokens
  }
  const summary = config.kind === 'pal' && 'summaryTokens' in config.form ? config.form.summaryTokens : 0
  const sequence = summary > 0 ? counts.map(() => summary) : tokensOf('plits')
  const turned = (config.kind === 'lal' || config.kind === 'pal') && config.positions !== 'none'
  return {
    keyStart,
    sequence,
    sequenceStart: turned ? keys : 0,
    tokens: { plits: sum(sequence), lal: keys, cross: sum(tokensOf('cross')) },
  }
}

function routeIn(config: IntegrationConfig, name: string): Route {
  if (config.kind === 'pal') return 'routes' in config.form ? routeOf(config.form.routes, name) : 'lal'
  return config.kind === 'flamingo' ? 'cross' : config.kind
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
