import { tokenGrid } from '../encoders/encoder.js'
import type { NamedEncoder } from './config.js'

export interface TokenCount {
  /** Samples that the encoder is given: the audio, padded with silence to whole steps. */
  readonly samples: number
  /** Tokens that the encoder makes of them. */
  readonly encoder: number
  /** Tokens that leave the connector: what the language model is given. */
  readonly audio: number
}

/**
 * How many tokens a stretch of audio makes: computed once from its length, and used wherever tokens are
 * counted, masked or laid out.
 */
export function tokenCount({ encoder, connector }: NamedEncoder, samples: number): TokenCount {
  const { samplesPerStep, tokensPerStep } = tokenGrid(encoder)
  const pool = connector.kind === 'mlp' ? (connector.pool ?? 1) : 1
  let steps = Math.max(1, Math.ceil(samples / samplesPerStep))
  while ((steps * tokensPerStep) % pool !== 0) steps++
  const tokens = steps * tokensPerStep
  return {
    samples: steps * samplesPerStep,
    encoder: tokens,
    audio: connector.kind === 'mlp' ? tokens / pool : connector.queries,
  }
}
