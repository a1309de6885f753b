import { add, clampMin, div, floor, log, mul, sub, toIndices } from '../graph/elementwise.js'
import { gather } from '../graph/gather.js'
import { matmul } from '../graph/matmul.js'
import { reshape } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { before, fillWithSilence } from './fixed-window.js'
import { melBank } from './mel-filters.js'
import { centredPowerSpectrum } from './stft.js'

/** The front end of CLAP: a log-mel spectrogram in decibels. */
export interface ClapFeatureConfig {
  readonly sampleRate: number
  readonly windowSeconds: number
  /** Samples from one frame to the next, and of the Fourier transform. */
  readonly hopSize: number
  readonly fftSize: number
  readonly melBins: number
  /** Hz. */
  readonly lowestFrequency: number
  readonly highestFrequency: number
  /** Checkpoints with fusion were trained with HTK's scale, those without with Slaney's. */
  readonly melScale: 'htk' | 'slaney'
  /** What a window is filled up with: the sound again as often as it fits as a whole, or silence at once. */
  readonly padding: 'repeatpad' | 'pad'
}

/**
 * Source: `ClapFeatureExtractor` in transformers/models/clap/feature_extraction_clap.py.
 * @param lengths [batch, 1], samples of each audio
 * @returns [batch, frames, melBins]
 */
export function clapFeatures(waveform: Tensor, lengths: Tensor, config: ClapFeatureConfig): Tensor {
  const { sampleRate, windowSeconds, hopSize, fftSize, melScale, padding } = config
  const window = fillWithSilence(waveform, Math.round(windowSeconds * sampleRate))
  const filled = padding === 'repeatpad' ? repeated(window, lengths) : window
  const filters = melBank(waveform.graph, { ...config, scale: melScale })
  const energies = matmul(centredPowerSpectrum(filled, fftSize, hopSize), filters)
  return mul(log(clampMin(energies, 1e-10)), 10 / Math.LN10)
}

/** Each sound as often as it fits into the window as a whole; then silence. */
function repeated(window: Tensor, lengths: Tensor): Tensor {
  const { graph } = window
  const [batch, samples] = window.shape.map(fixed) as [number, number]
  const places = graph.constant(
    Float32Array.from({ length: samples }, (_, i) => i),
    [1, samples],
  )
  // Float32 holds all whole numbers of a window, and no quotient of two of them rounds up to a whole number.
  const sources = sub(places, mul(floor(div(places, lengths)), lengths))
  const rows = graph.constant(
    BigInt64Array.from({ length: batch }, (_, row) => BigInt(row * samples)),
    [batch, 1],
  )
  const flat = reshape(window, [batch * samples, 1])
  const tiled = reshape(gather(flat, add(toIndices(sources), rows)), [batch, samples])
  const whole = mul(floor(div(graph.scalar(samples), lengths)), lengths)
  return mul(tiled, before(whole, samples))
}
