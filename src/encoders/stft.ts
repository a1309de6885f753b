import { matmul } from '../graph/matmul.js'
import { concat, reshape, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { unfold } from '../nn/unfold.js'
import { powerSpectrum } from './power-spectrum.js'

/**
 * The power of a short-time Fourier transform with a periodic Hann window, frame i centred on sample i·hop; what
 * lies before the start and behind the end is the sound itself, mirrored.
 * Source: `torch.stft` with its defaults; `spectrogram` in transformers/audio_utils.py.
 *
 * @param waveform [batch, samples], a whole number of hops
 * @param size samples of one frame
 * @param hop samples from one frame to the next
 * @returns [batch, samples/hop + 1, size/2 + 1]
 */
export function centredPowerSpectrum(waveform: Tensor, size: number, hop: number): Tensor {
  const mirrored = mirrorEnds(waveform, size / 2)
  const [batch, samples] = mirrored.shape.map(fixed) as [number, number]
  const frames = unfold(reshape(mirrored, [batch, samples, 1]), size, hop)
  return powerSpectrum(frames, { fftSize: size, period: size })
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
