import { add, mul } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { MadeOnce } from './made-once.js'

/**
 * A column of what a frame is multiplied by; what is linear and done before is its transpose done to the column, which is written over
 * for the next.
 */
export type Column = (windowed: Float64Array) => Float64Array

export interface SpectrumOptions {
  readonly fftSize: number
  /** Samples of one period of the Hann window's wave: as many as of a frame, or one less, so that it ends in a zero. */
  readonly period: number
  /** What a frame goes through before the window. @default nothing */
  readonly column?: Column | undefined
}

/**
 * The power of each frequency: a Hann window, what is linear before it and the discrete Fourier transform are one matrix.
 * @param frames [batch, count, windowSize]
 * @returns [batch, count, fftSize/2 + 1]
 */
export function powerSpectrum(frames: Tensor, options: SpectrumOptions): Tensor {
  const windowSize = fixed(frames.shape[2])
  const bins = options.fftSize / 2 + 1
  const matrix = frames.graph.constant(() => fourierMatrix(windowSize, options), [windowSize, 2 * bins])
  const spectrum = matmul(frames, matrix)
  const real = slice(spectrum, 2, 0, bins)
  const imaginary = slice(spectrum, 2, bins, 2 * bins)
  return add(mul(real, real), mul(imaginary, imaginary))
}

const made = new WeakMap<Column, MadeOnce>()

function fourierMatrix(windowSize: number, options: SpectrumOptions): Float32Array {
  const { fftSize, period, column = unchanged } = options
  const ofColumn = made.get(column) ?? new MadeOnce()
  made.set(column, ofColumn)
  return ofColumn.get([windowSize, fftSize, period], () =>
    makeFourierMatrix(windowSize, fftSize, period, column),
  )
}

const unchanged: Column = (windowed) => windowed

/** [windowSize, 2·bins]: what each bin's cosine, and then its negated sine, make of a frame. */
function makeFourierMatrix(
  windowSize: number,
  fftSize: number,
  period: number,
  column: Column,
): Float32Array {
  const bins = fftSize / 2 + 1
  const hann = Float64Array.from(
    { length: windowSize },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / period),
  )
  // A wave of any bin is at one of so many points of one circle.
  const angles = Float64Array.from({ length: fftSize }, (_, i) => (2 * Math.PI * i) / fftSize)
  const waves = [angles.map(Math.cos), angles.map((angle) => -Math.sin(angle))]
  const matrix = new Float32Array(windowSize * 2 * bins)
  const windowed = new Float64Array(windowSize)
  for (const [part, wave] of waves.entries()) {
    for (let bin = 0; bin < bins; bin++) {
      for (let n = 0; n < windowSize; n++) windowed[n] = hann[n]! * wave[(bin * n) % fftSize]!
      const changed = column(windowed)
      const at = part * bins + bin
      for (let n = 0; n < windowSize; n++) matrix[n * 2 * bins + at] = changed[n]!
    }
  }
  return matrix
}
