import { reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { unfold } from '../nn/unfold.js'

export interface PatchGrid {
  /** Frames, and mel bins, of a patch. */
  readonly size: number
  /** From one patch to the next. */
  readonly frameStride: number
  readonly binStride: number
}

/** How many patches of a size lie in a length, one every stride; what is left at the end is in none. */
export function patchCount(length: number, size: number, stride: number): number {
  return Math.floor((length - size) / stride) + 1
}

/**
 * Square patches of a spectrogram, which may overlap on both axes: [batch, frames, bins] →
 * [batch, steps·bands, bins·frames of a patch], time-major (token = step·bands + band).
 */
export function spectrogramPatches(features: Tensor, { size, frameStride, binStride }: PatchGrid): Tensor {
  const [batch, frames, bins] = features.shape.map(fixed) as [number, number, number]
  const steps = patchCount(frames, size, frameStride)
  const bands = patchCount(bins, size, binStride)
  const within = slice(
    slice(features, 1, 0, extent(steps, size, frameStride)),
    2,
    0,
    extent(bands, size, binStride),
  )
  const columns = unfold(within, size, frameStride)
  const height = fixed(within.shape[2])
  const upright = transpose(reshape(columns, [batch * steps, size, height]), [0, 2, 1])
  return reshape(unfold(upright, size, binStride), [batch, steps * bands, size * size])
}

function extent(count: number, size: number, stride: number): number {
  return (count - 1) * stride + size
}
