import type { Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import { MASKED } from '../nn/attention.js'
import type { Value } from '../runtime/protocol.js'
import { type Hiding, hiddenFeeds } from './spec-augment.js'
import type { AudioShape } from './training-graph.js'

/** The waveforms and, for each encoder, what of its tokens is padding and what of its features is hidden. */
export function audioFeeds(
  draws: readonly Draw[],
  config: ModelConfig,
  { audios, samples }: AudioShape,
  hide: Hiding | undefined,
): Record<string, Value['data']> {
  const waveform = new Float32Array(audios * samples)
  for (const [i, draw] of draws.entries()) {
    if (draw.samples.length > samples) {
      throw new PalError(
        `expected audio of at most ${samples} samples in this batch, got ${draw.samples.length}`,
      )
    }
    waveform.set(draw.samples, i * samples)
  }
  const feeds: Record<string, Value['data']> = { waveform }
  for (const named of config.encoders) {
    const counts = draws.map((draw) => tokenCount(named, draw.samples.length).encoder)
    feeds[`${named.name}.encoderMask`] = lengthMask(counts, tokenCount(named, samples).encoder)
    feeds[`${named.name}.lengths`] = Float32Array.from(draws, ({ samples }) => samples.length)
    if (hide) Object.assign(feeds, hiddenFeeds(named, audios, samples, hide))
  }
  return feeds
}

/** [rows, longest]: 0 for the first `lengths[row]`, hidden behind. */
export function lengthMask(lengths: readonly number[], longest: number): Float32Array {
  const mask = new Float32Array(lengths.length * longest)
  for (const [row, length] of lengths.entries())
    mask.fill(MASKED, row * longest + length, (row + 1) * longest)
  return mask
}
