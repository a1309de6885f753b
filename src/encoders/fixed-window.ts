import { PalError } from '../errors.js'
import { add, clampMin, mul } from '../graph/elementwise.js'
import { padAxis, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'

/**
 * The grid in time on which an encoder makes tokens. Most pretrained encoders only know windows of one length: what
 * is shorter is filled up, as each of them was trained, and what is longer is cut into windows.
 */
export interface TokenGrid {
  /** Samples from one step to the next, and the tokens of a step. */
  readonly samplesPerStep: number
  readonly tokensPerStep: number
  /** The only length that is encoded, if there is one. The last steps may reach behind its end. */
  readonly window?: { readonly samples: number; readonly steps: number }
}

/** How many tokens of a window that is not full are given on. */
export interface WindowTokens {
  /** `audio`: those of the audio itself; `window`: all, with those of what it is filled up with. @default 'audio' */
  readonly tokens?: 'audio' | 'window'
}

/** Steps of the grid that a stretch of audio fills. */
export function stepsOf({ samplesPerStep, window }: TokenGrid, samples: number): number {
  return Math.min(Math.max(1, Math.ceil(samples / samplesPerStep)), window?.steps ?? Number.POSITIVE_INFINITY)
}

/** Silence behind a waveform, up to the whole window. @throws PalError for a longer one */
export function fillWithSilence(waveform: Tensor, windowSamples: number): Tensor {
  const samples = fixed(waveform.shape[1])
  if (samples > windowSamples) {
    throw new PalError(
      `expected at most ${windowSamples} samples, the window of this encoder, got ${samples}`,
      { hint: 'Cut the audio into windows first, or train on shorter audio.' },
    )
  }
  return padAxis(waveform, 1, 0, windowSamples - samples)
}

/** Tokens of the steps that a waveform fills: [batch, all tokens, width] → [batch, tokens, width]. */
export function crop(tokens: Tensor, grid: TokenGrid, samples: number): Tensor {
  return slice(tokens, 1, 0, stepsOf(grid, samples) * grid.tokensPerStep)
}

/** 1 before `count`, 0 from there on: [batch, 1] of whole numbers → [batch, length]. */
export function before(count: Tensor, length: number): Tensor {
  const places = count.graph.constant(
    Float32Array.from({ length }, (_, i) => i),
    [1, length],
  )
  return clampToUnit(add(count, mul(places, -1)))
}

function clampToUnit(a: Tensor): Tensor {
  const positive = clampMin(a, 0)
  return mul(clampMin(mul(positive, -1), -1), -1)
}
