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
  /** Tokens by route. */
  readonly tokens: { readonly plits: number; readonly lal: number }
}

/** Lays out the tokens of each encoder, given by its name and how many there are, in the encoders' order. */
export function layOut(
  config: IntegrationConfig,
  counts: readonly { readonly name: string; readonly tokens: number }[],
): Layout {
  const inSequence = counts.filter(({ name }) => goesBy(config, name) === 'plits').map(({ tokens }) => tokens)
  const remembered = counts.filter(({ name }) => goesBy(config, name) !== 'plits')
  const keyStart: Record<string, number> = {}
  let keys = 0
  for (const { name, tokens } of remembered) {
    keyStart[name] = keys
    keys += tokens
  }
  const summary = config.kind === 'pal' && 'summaryTokens' in config.form ? config.form.summaryTokens : 0
  const sequence = summary > 0 ? counts.map(() => summary) : inSequence
  const turned = (config.kind === 'lal' || config.kind === 'pal') && config.positions !== 'none'
  return {
    keyStart,
    sequence,
    sequenceStart: turned ? keys : 0,
    tokens: { plits: sequence.reduce((sum, count) => sum + count, 0), lal: keys },
  }
}

function goesBy(config: IntegrationConfig, name: string): 'plits' | 'lal' | 'cross' {
  if (config.kind === 'pal') return 'routes' in config.form ? routeOf(config.form.routes, name) : 'lal'
  return config.kind === 'flamingo' ? 'cross' : config.kind
}
