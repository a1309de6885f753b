import type { NamedEncoder } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Random } from '../random.js'

/** Stretches of the spectrogram that are hidden (SpecAugment, Park et al. 2019). */
export interface HiddenFeatures {
  /** How many stretches of frames, and the most seconds of one. */
  readonly timeMasks: number
  readonly maxSeconds: number
  /** How many bands, and the most mel bins of one. */
  readonly bandMasks: number
  readonly maxBins: number
}

/** What to hide of each audio's features. */
export interface Hiding {
  readonly settings: HiddenFeatures
  /** What an encoder's stretches are drawn by: its own, so that they are the same with whatever others there are. */
  readonly randomFor: (encoder: string) => Random
}

/** For an encoder, `name.frames` [audios, frames] and `name.bins` [audios, bins]: 0 where they are hidden. */
export function hiddenFeeds(
  named: NamedEncoder,
  audios: number,
  samples: number,
  { settings, randomFor }: Hiding,
): Record<string, Float32Array> {
  const { name, encoder } = named
  const { hopSize, melBins, sampleRate } = encoder
  const random = randomFor(name)
  const frames = framesOf(named, samples)
  const longest = (settings.maxSeconds * sampleRate) / hopSize
  return {
    [`${name}.frames`]: stretches(random, audios, frames, settings.timeMasks, longest),
    [`${name}.bins`]: stretches(random, audios, melBins, settings.bandMasks, settings.maxBins),
  }
}

/** The frames of a spectrogram in which there is something of the audio to hide. */
export function framesOf(named: NamedEncoder, samples: number): number {
  return Math.ceil(tokenCount(named, samples).samples / named.encoder.hopSize)
}

/** [rows, length] of ones with a few stretches of zeros. */
function stretches(
  random: Random,
  rows: number,
  length: number,
  count: number,
  longest: number,
): Float32Array {
  const mask = new Float32Array(rows * length).fill(1)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      const size = Math.floor(random.uniform(0, Math.min(longest, length / 2) + 1))
      const start = random.integer(length - size + 1)
      mask.fill(0, row * length + start, row * length + start + size)
    }
  }
  return mask
}
