import { add, clampMin, log, mul } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { padAxis, reshape, slice } from '../graph/shape.js'
import { fixed, type Graph, type Tensor } from '../graph/tensor.js'
import { unfold } from '../nn/unfold.js'

export interface LogMelConfig {
  /** Hz. */
  readonly sampleRate: number
  /** Samples of one frame, and from one frame to the next. */
  readonly windowSize: number
  readonly hopSize: number
  readonly fftSize: number
  readonly melBins: number
  /** Hz. */
  readonly lowestFrequency: number
  readonly highestFrequency: number
  /** Features are (log-mel − mean) / deviation. */
  readonly mean: number
  readonly deviation: number
}

/**
 * The log-mel spectrogram as part of the graph: framing, a Hann window, Kaldi's removal of the frame's mean
 * and pre-emphasis are linear, so they are one matrix with the discrete Fourier transform; then power, a mel
 * filter bank, and the natural logarithm. Frame i covers samples i·hop … i·hop + window; what lies behind the
 * end counts as silence.
 *
 * @param waveform [batch, samples], a whole number of hops
 * @param floor below which a band's energy counts as this much
 * @returns [batch, samples/hop, melBins]
 */
export function logMel(waveform: Tensor, config: LogMelConfig, floor = FLOOR): Tensor {
  const { windowSize, hopSize, fftSize } = config
  const [batch, samples] = waveform.shape.map(fixed) as [number, number]
  const padded = padAxis(waveform, 1, 0, windowSize - hopSize)
  const frames = unfold(reshape(padded, [batch, samples + windowSize - hopSize, 1]), windowSize, hopSize)
  const bins = fftSize / 2 + 1
  const spectrum = matmul(frames, fourierMatrix(waveform.graph, config))
  const real = slice(spectrum, 2, 0, bins)
  const imaginary = slice(spectrum, 2, bins, 2 * bins)
  const power = add(mul(real, real), mul(imaginary, imaginary))
  const mel = matmul(power, melFilters(waveform.graph, config))
  const logarithm = log(clampMin(mel, floor))
  return mul(add(logarithm, -config.mean), 1 / config.deviation)
}

/** The feature of a frame without sound. */
export function silentFeature({ mean, deviation }: LogMelConfig): number {
  return (Math.log(FLOOR) - mean) / deviation
}

/** Below this a band counts as silent: about −100 dB of a full-scale sine. */
const FLOOR = 1e-6
const PRE_EMPHASIS = 0.97

/** [windowSize, 2·bins]: mean removal, pre-emphasis, window and Fourier transform in one product. */
function fourierMatrix(graph: Graph, { windowSize, fftSize }: LogMelConfig): Tensor {
  const bins = fftSize / 2 + 1
  const width = 2 * bins
  const matrix = new Float64Array(windowSize * width)
  for (let bin = 0; bin < bins; bin++) {
    for (const [offset, wave] of [
      [0, Math.cos],
      [bins, (angle: number) => -Math.sin(angle)],
    ] as const) {
      const windowed = Float64Array.from(
        { length: windowSize },
        (_, n) => hann(n, windowSize) * wave((2 * Math.PI * bin * n) / fftSize),
      )
      const column = removeMean(transposedPreEmphasis(windowed))
      for (let n = 0; n < windowSize; n++) matrix[n * width + offset + bin] = column[n] as number
    }
  }
  return graph.constant(Float32Array.from(matrix), [windowSize, width])
}

function hann(n: number, size: number): number {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (size - 1))
}

/** The transpose of y[n] = x[n] − 0.97·x[n−1], where y[0] = x[0] − 0.97·x[0]. */
function transposedPreEmphasis(column: Float64Array): Float64Array {
  return column.map((value, n) => {
    const own = n === 0 ? value * (1 - PRE_EMPHASIS) : value
    return own - PRE_EMPHASIS * (column[n + 1] ?? 0)
  })
}

/** The transpose of x − mean(x), which is itself. */
function removeMean(column: Float64Array): Float64Array {
  const average = column.reduce((sum, value) => sum + value, 0) / column.length
  return column.map((value) => value - average)
}

/** [bins, melBins]: triangles that are even on the mel scale (O'Shaughnessy's, as Kaldi and HTK have it). */
function melFilters(graph: Graph, config: LogMelConfig): Tensor {
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
  return graph.constant(filters, [bins, melBins])
}
