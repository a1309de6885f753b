import { type EncoderConfig, tokenGrid } from '../encoders/encoder.js'
import { stepsOf } from '../encoders/fixed-window.js'
import { PalError } from '../errors.js'
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
 * @throws PalError for more than the only window that an encoder knows, and for a pool that does not divide its tokens
 */
export function tokenCount({ encoder, connector }: NamedEncoder, samples: number): TokenCount {
  const grid = tokenGrid(encoder)
  const { samplesPerStep, tokensPerStep, window } = grid
  const pool = poolOf(connector)
  let steps = stepsOf(grid, samples)
  while ((steps * tokensPerStep) % pool !== 0) steps++
  if (window && (steps > window.steps || samples > window.samples))
    throw outsideWindow(encoder, pool, samples)
  const tokens = steps * tokensPerStep
  return {
    samples: window && steps === window.steps ? window.samples : steps * samplesPerStep,
    encoder: tokens,
    audio: connector.kind === 'mlp' ? tokens / pool : connector.queries,
  }
}

/** The seconds from one token that leaves the connector to the next. */
export function secondsPerToken({ encoder, connector }: NamedEncoder): number {
  const { samplesPerStep, tokensPerStep } = tokenGrid(encoder)
  return (samplesPerStep / tokensPerStep / encoder.sampleRate) * poolOf(connector)
}

/** The middle of each token's stretch, in seconds. @param start of the first */
export function tokenTimes(named: NamedEncoder, tokens: number, start = 0): readonly number[] {
  const each = secondsPerToken(named)
  return Array.from({ length: tokens }, (_, i) => start + (i + 0.5) * each)
}

const poolOf = (connector: NamedEncoder['connector']) =>
  connector.kind === 'mlp' ? (connector.pool ?? 1) : 1

function outsideWindow(encoder: EncoderConfig, pool: number, samples: number): PalError {
  const { tokensPerStep, window } = tokenGrid(encoder)
  if (samples > window!.samples) {
    const seconds = (count: number) => (count / encoder.sampleRate).toFixed(2)
    return new PalError(
      `expected at most ${seconds(window!.samples)} s of audio at once, the window of a ${encoder.kind} encoder, got ${seconds(samples)} s`,
      { key: 'windowSeconds' },
    )
  }
  return new PalError(
    `expected a pool that divides the ${window!.steps * tokensPerStep} tokens of a window, got ${pool}`,
    { key: 'connector.pool' },
  )
}
