import { add, mul, sqrt } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { slice } from '../graph/shape.js'
import type { Graph, Tensor } from '../graph/tensor.js'

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

/** A column of what a frame is multiplied by; what is linear and done before is its transpose done to the column. */
type Column = (windowed: Float64Array) => Float64Array

const unchanged: Column = (windowed) => windowed

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
 * The energies of mel bands: a Hann window and the discrete Fourier transform are one matrix; then power, and a filter
 * bank.
 * @param frames [batch, count, windowSize]
 * @returns [batch, count, melBins]
 */
export function melEnergies(
  frames: Tensor,
  config: MelConfig,
  { column = unchanged, unitSum = false, periodic = false, power = 2 }: MelOptions = {},
): Tensor {
  const { windowSize, fftSize } = config
  const bins = fftSize / 2 + 1
  const period = periodic ? windowSize : windowSize - 1
  const matrix = frames.graph.constant(fourierMatrix(config, period, column), [windowSize, 2 * bins])
  const spectrum = matmul(frames, matrix)
  const real = slice(spectrum, 2, 0, bins)
  const imaginary = slice(spectrum, 2, bins, 2 * bins)
  const squared = add(mul(real, real), mul(imaginary, imaginary))
  return matmul(power === 2 ? squared : sqrt(squared), melFilters(frames.graph, config, unitSum))
}

/** What was made, for the graphs of other lengths that follow: a matrix takes as long as the rest of a small graph. */
const made = new WeakMap<Column, Map<string, Float32Array>>()

function fourierMatrix(config: MelConfig, period: number, column: Column): Float32Array {
  const ofColumn = made.get(column) ?? new Map<string, Float32Array>()
  made.set(column, ofColumn)
  const key = `${config.windowSize} ${config.fftSize} ${period}`
  const matrix = ofColumn.get(key) ?? makeFourierMatrix(config, period, column)
  ofColumn.set(key, matrix)
  return matrix
}

/** [windowSize, 2·bins]: the window, the Fourier transform and what is linear before them in one product. */
function makeFourierMatrix({ windowSize, fftSize }: MelConfig, period: number, column: Column): Float32Array {
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
        (_, n) => hann(n, period) * wave((2 * Math.PI * bin * n) / fftSize),
      )
      const changed = column(windowed)
      for (let n = 0; n < windowSize; n++) matrix[n * width + offset + bin] = changed[n] as number
    }
  }
  return Float32Array.from(matrix)
}

function hann(n: number, period: number): number {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / period)
}

/** [bins, melBins]: triangles that are even on the mel scale (O'Shaughnessy's, as Kaldi and HTK have it). */
function melFilters(graph: Graph, config: MelConfig, unitSum: boolean): Tensor {
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
  return graph.constant(filters, [bins, melBins])
}
