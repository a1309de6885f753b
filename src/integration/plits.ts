import type { Decoder } from '../llm/decoder.js'
import { type AudioTokens, type Heard, nothing } from './integration.js'

/**
 * PLITS, "prepend to the LLM's input token space": the sequence is [A ; X]. Audio tokens are tokens like any
 * other: they pass every projection, every attention and every FFN.
 *
 * Cost of the audio per layer, in multiply-adds: N(2d² + 2d·d_kv + 3df) and attention over (N + T)².
 */
export function plits(audio: readonly AudioTokens[], decoder: Decoder): Heard {
  return { ...nothing(decoder), sequence: audio }
}
