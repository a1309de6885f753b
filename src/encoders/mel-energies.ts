import { sqrt } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import type { Tensor } from '../graph/tensor.js'
import { MadeOnce } from './made-once.js'
import { type Column, powerSpectrum } from './power-spectrum.js'

export interface MelConfig {
  /** Hz. */
  readonly sampleRate: number
  /** Samples of one frame, and from one frame to the next. */
  readonly windowSize: number
  readonly hopSize: number
  readonly fftSize: number
  readonly melBins: number
  /** Hz. Bands above half of the sample rate are silent. */
  readonly lowestFrequency: number
  readonly highestFrequency: number
}

export interface MelOptions {
  /** What a frame goes through before the window. @default nothing */
  readonly column?: Column
  /** The weights of each band sum to 1, where else the largest is 1. @default false */
  readonly unitSum?: boolean
  /** The Hann window is one period of its wave, as for a Fourier transform, and does not end in a zero. @default false */
  readonly periodic?: boolean
  /** What the bands sum of each frequency: 2 for its power, 1 for its magnitude. @default 2 */
  readonly power?: 1 | 2
}

/**
 * The energies of mel bands: those of frequencies behind a Hann window, and a filter bank.
 * @param frames [batch, count, windowSize]
 * @returns [batch, count, melBins]
 */
export function melEnergies(
  frames: Tensor,
  config: MelConfig,
  { column, unitSum = false, periodic = false, power = 2 }: MelOptions = {},
): Tensor {
  const { windowSize, fftSize } = config
  const squared = powerSpectrum(frames, { fftSize, period: periodic ? windowSize : windowSize - 1, column })
  const filters = frames.graph.constant(() => melFilters(config, unitSum), [fftSize / 2 + 1, config.melBins])
  return matmul(power === 2 ? squared : sqrt(squared), filters)
}

const made = new MadeOnce()

function melFilters(config: MelConfig, unitSum: boolean): Float32Array {
  const { sampleRate, fftSize, melBins, lowestFrequency, highestFrequency } = config
  const all = [sampleRate, fftSize, melBins, lowestFrequency, highestFrequency, unitSum]
  return made.get(all, () => makeMelFilters(config, unitSum))
}

/** [bins, melBins]: triangles that are even on the mel scale (O'Shaughnessy's, as Kaldi and HTK have it). */
function makeMelFilters(config: MelConfig, unitSum: boolean): Float32Array {
  const { sampleRate, fftSize, melBins, lowestFrequency, highestFrequency } = config
  const bins = fftSize / 2 + 1
  const mel = (frequency: number) => 1127 * Math.log(1 + frequency / 700)
  const low = mel(lowestFrequency)
  const step = (mel(highestFrequency) - low) / (melBins + 1)
  const filters = new Float32Array(bins * melBins)
  for (let bin = 0; bin < bins; bin++) {
    const position = (mel((bin * sampleRate) / fftSize) - low) / step
    for (let filter = 0; filter < melBins; filter++) {
      filters[bin * melBins + filter] = Math.max(0, 1 - Math.abs(position - (filter + 1)))
    }
  }
  if (unitSum) {
    for (let filter = 0; filter < melBins; filter++) {
      const places = Array.from({ length: bins }, (_, bin) => bin * melBins + filter)
      const total = places.reduce((sum, at) => sum + (filters[at] as number), 0)
      for (const at of places) if (total > 0) filters[at] = (filters[at] as number) / total
    }
  }
  return filters
}
