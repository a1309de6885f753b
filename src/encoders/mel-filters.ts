import type { Graph, Tensor } from '../graph/tensor.js'
import { MadeOnce } from './made-once.js'

export interface MelBank {
  /** Hz. */
  readonly sampleRate: number
  readonly fftSize: number
  readonly melBins: number
  /** Hz. */
  readonly lowestFrequency: number
  readonly highestFrequency: number
  /**
   * `slaney`: linear below 1 kHz, and filters of the same area, as librosa has them; `htk`: O'Shaughnessy's scale and
   * filters of the same height, as torchaudio has them.
   */
  readonly scale: 'slaney' | 'htk'
}

/**
 * [bins, melBins]: triangles over the frequencies of a Fourier transform, whose corners are even on the mel scale. In
 * contrast to Kaldi's, which mel-energies.ts has, their sides are straight over frequency and not over mel.
 * Source: `mel_filter_bank` in transformers/audio_utils.py.
 */
export function melBank(graph: Graph, bank: MelBank): Tensor {
  const { sampleRate, fftSize, melBins, lowestFrequency, highestFrequency, scale } = bank
  const all = [sampleRate, fftSize, melBins, lowestFrequency, highestFrequency, scale]
  return graph.constant(() => made.get(all, () => makeMelBank(bank)), [fftSize / 2 + 1, melBins])
}

const made = new MadeOnce()

function makeMelBank(bank: MelBank): Float32Array {
  const { sampleRate, fftSize, melBins, lowestFrequency, highestFrequency, scale } = bank
  const { toMel, toHertz } = SCALES[scale]
  const [low, high] = [toMel(lowestFrequency), toMel(highestFrequency)]
  const corners = Array.from({ length: melBins + 2 }, (_, i) =>
    toHertz(low + ((high - low) * i) / (melBins + 1)),
  )
  const bins = fftSize / 2 + 1
  const filters = new Float32Array(bins * melBins)
  for (let filter = 0; filter < melBins; filter++) {
    const [from, peak, to] = corners.slice(filter, filter + 3) as [number, number, number]
    const height = scale === 'slaney' ? 2 / (to - from) : 1
    for (let bin = 0; bin < bins; bin++) {
      const frequency = (bin * sampleRate) / fftSize
      const side = Math.min((frequency - from) / (peak - from), (to - frequency) / (to - peak))
      filters[bin * melBins + filter] = height * Math.max(0, side)
    }
  }
  return filters
}

/** Where Slaney's scale turns from linear to logarithmic: 15 mel are 1000 Hz. */
const TURN = { mel: 15, hertz: 1000 }
const PER_MEL = Math.log(6.4) / 27

const SCALES = {
  slaney: {
    toMel: (hertz: number) =>
      hertz < TURN.hertz ? (3 * hertz) / 200 : TURN.mel + Math.log(hertz / TURN.hertz) / PER_MEL,
    toHertz: (mel: number) =>
      mel < TURN.mel ? (200 * mel) / 3 : TURN.hertz * Math.exp(PER_MEL * (mel - TURN.mel)),
  },
  htk: {
    toMel: (hertz: number) => 2595 * Math.log10(1 + hertz / 700),
    toHertz: (mel: number) => 700 * (10 ** (mel / 2595) - 1),
  },
} as const
