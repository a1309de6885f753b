import type { Draw } from '../data/source.js'
import type { ModelConfig } from '../model/config/config.js'
import type { Value } from '../runtime/protocol.js'
import { sampleRateOf } from './sample-rate.js'
import type { AudioShape } from './training-graph.js'

/** What a program is fed for one step, and what it is compiled for. */
export interface Batch<Shape extends AudioShape = AudioShape> {
  /** What it was made of, audio for audio. */
  readonly draws: readonly Draw[]
  readonly shape: Shape
  readonly feeds: Readonly<Record<string, Value['data']>>
  /** Tokens, or labels, whose likelihood is learnt. */
  readonly learnt: number
  /** Seconds of audio, without padding. */
  readonly seconds: number
}

export function secondsOf(draws: readonly Draw[], config: ModelConfig): number {
  return draws.reduce((sum, { samples }) => sum + samples.length, 0) / sampleRateOf(config)
}

/** Lengths that a program is compiled for are rounded up, so that there are few. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
