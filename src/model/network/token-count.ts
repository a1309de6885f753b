import { type EncoderConfig, tokenGrid } from '../../encoders/encoder.js'
import { stepsOf } from '../../encoders/fixed-window.js'
import { PalError } from '../../errors.js'
import type { NamedEncoder } from '../config/config.js'

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
    audio: connector.kind === 'qformer' ? connector.queries : tokens / pool,
  }
}

/**
 * When each token that leaves the connector was heard, in seconds: the middle of its step, of which it may share one with
 * others, or the mean of those that a pool joins.
 * @param start of the audio, of whose windows these are all tokens
 */
export function tokenTimes(named: NamedEncoder, tokens: number, start = 0): readonly number[] {
  const { tokensPerStep, pool, window, seconds } = timeline(named)
  return Array.from({ length: tokens }, (_, i) => {
    const first = (i % window.tokens) * pool
    const steps = Array.from({ length: pool }, (_, k) => Math.floor((first + k) / tokensPerStep))
    const middle = steps.reduce((sum, step) => sum + step, 0) / pool + 0.5
    return start + seconds(Math.floor(i / window.tokens) * window.steps + middle)
  })
}

/** Where so many tokens of an audio end, in seconds: at the end of a window, or of a step. @param start of the audio */
export function tokensEnd(named: NamedEncoder, tokens: number, start = 0): number {
  const { tokensPerStep, pool, window, seconds } = timeline(named)
  const steps = ((tokens % window.tokens) * pool) / tokensPerStep
  return start + seconds(Math.floor(tokens / window.tokens) * window.steps + steps)
}

/**
 * How tokens lie in time: step by step from each window's start, where the steps of a window may end before it does or reach
 * behind its end.
 */
function timeline(named: NamedEncoder) {
  const { encoder, connector } = named
  const { samplesPerStep, tokensPerStep } = tokenGrid(stepwise(encoder))
  const pool = poolOf(connector)
  const whole = tokenCount(named, Math.round(encoder.windowSeconds * encoder.sampleRate))
  // Counted in tokens: on a grid without gaps these are to the bit the times that shipped models have learnt with.
  const secondsPerToken = (samplesPerStep / tokensPerStep / encoder.sampleRate) * pool
  return {
    tokensPerStep,
    pool,
    /** Steps, not always whole, from one window to the next. */
    window: { tokens: whole.audio, steps: whole.samples / samplesPerStep },
    seconds: (steps: number) => ((steps * tokensPerStep) / pool) * secondsPerToken,
  }
}

/** Where all tokens of a window are given on, they count as one step; they were heard one after the other all the same. */
function stepwise(encoder: EncoderConfig): EncoderConfig {
  return 'tokens' in encoder && encoder.tokens === 'window' ? { ...encoder, tokens: 'audio' } : encoder
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
