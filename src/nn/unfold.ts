import { concat, padAxis, reshape, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'

/**
 * Overlapping stretches of a sequence, each as one row: [batch, time, channels] → [batch, count, size·channels],
 * where stretch i starts at i·stride. A convolution is this and a product; so is the framing of a waveform.
 * Built from whole blocks of one stride, so that nothing is gathered element by element.
 *
 * @throws if the sequence does not end where the last stretch ends
 */
export function unfold(x: Tensor, size: number, stride: number): Tensor {
  const [batch, time, channels] = x.shape.map(fixed) as [number, number, number]
  const count = (time - size) / stride + 1
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`unfold: ${time} steps do not hold whole stretches of ${size} every ${stride}`)
  }
  const blocksPerStretch = Math.ceil(size / stride)
  const padded = padAxis(x, 1, 0, (count - 1 + blocksPerStretch) * stride - time)
  const blocks = reshape(padded, [batch, count - 1 + blocksPerStretch, stride * channels])
  const parts = Array.from({ length: blocksPerStretch }, (_, i) => {
    const part = slice(blocks, 1, i, i + count)
    return slice(part, 2, 0, Math.min(stride, size - i * stride) * channels)
  })
  return concat(parts, 2)
}
