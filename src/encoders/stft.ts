import { add, mul } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { concat, reshape, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { unfold } from '../nn/unfold.js'

/**
 * The power of a short-time Fourier transform with a periodic Hann window, frame i centred on sample i·hop; what
 * lies before the start and behind the end is the sound itself, mirrored.
 * Source: `torch.stft` with its defaults; `spectrogram` in transformers/audio_utils.py.
 *
 * @param waveform [batch, samples], a whole number of hops
 * @returns [batch, samples/hop + 1, size/2 + 1]
 */
export function powerSpectrum(waveform: Tensor, size: number, hop: number): Tensor {
  const mirrored = mirrorEnds(waveform, size / 2)
  const [batch, samples] = mirrored.shape.map(fixed) as [number, number]
  const frames = unfold(reshape(mirrored, [batch, samples, 1]), size, hop)
  const bins = size / 2 + 1
  const matrix = matrices.get(size) ?? fourierMatrix(size)
  matrices.set(size, matrix)
  const spectrum = matmul(frames, waveform.graph.constant(matrix, [size, 2 * bins]))
  const [real, imaginary] = [slice(spectrum, 2, 0, bins), slice(spectrum, 2, bins, 2 * bins)]
  return add(mul(real, real), mul(imaginary, imaginary))
}

/** [batch, samples] with `count` mirrored samples at both ends; the outermost sample is the mirror. */
function mirrorEnds(waveform: Tensor, count: number): Tensor {
  const samples = fixed(waveform.shape[1])
  const reversal = new Float32Array(count * count)
  for (let i = 0; i < count; i++) reversal[i * count + count - 1 - i] = 1
  const reversed = waveform.graph.constant(reversal, [count, count])
  const start = matmul(slice(waveform, 1, 1, count + 1), reversed)
  const end = matmul(slice(waveform, 1, samples - count - 1, samples - 1), reversed)
  return concat([start, waveform, end], 1)
}

/** By their sizes, for the graphs of other lengths that follow. */
const matrices = new Map<number, Float32Array>()

/** [size, 2·bins]: the window and the transform's cosines and negated sines in one product. */
function fourierMatrix(size: number): Float32Array {
  const bins = size / 2 + 1
  const matrix = new Float32Array(size * 2 * bins)
  for (let n = 0; n < size; n++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size)
    for (let bin = 0; bin < bins; bin++) {
      const angle = (2 * Math.PI * ((bin * n) % size)) / size
      matrix[n * 2 * bins + bin] = hann * Math.cos(angle)
      matrix[n * 2 * bins + bins + bin] = -hann * Math.sin(angle)
    }
  }
  return matrix
}
