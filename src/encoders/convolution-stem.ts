import { clampMin } from '../graph/elementwise.js'
import { concat, padAxis, reshape, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import type { Scope } from '../nn/scope.js'
import { unfold } from '../nn/unfold.js'

/**
 * Convolutions before the patches are cut: "Early Convolutions Help Transformers See Better" (Xiao et al. 2021).
 * From little data they learn to hear a sound at another pitch or a moment later; patches alone do not.
 *
 * Each is 3 × 3 with stride 2 and a ReLU; without a norm, so that quiet stays quiet. It looks back in time and never ahead, so that an
 * audio's tokens do not depend on the padding that follows it.
 *
 * @param spectrograms [batch, frames, bins, channels]
 * @param channels of each convolution
 * @returns [batch, frames / 2ⁿ, bins / 2ⁿ, channels]
 */
export function convolutionStem(scope: Scope, spectrograms: Tensor, channels: readonly number[]): Tensor {
  let states = spectrograms
  for (const [i, count] of channels.entries()) {
    const seen = neighbours(states)
    // Twice the variance, half of which the ReLU takes away (He et al. 2015).
    const initial = { normal: Math.sqrt(2 / fixed(seen.shape[3])) }
    states = clampMin(linear(scope.in(`${i}`), seen, count, { initial }), 0)
  }
  return states
}

/** What each output of a 3 × 3 convolution with stride 2 sees: [batch, T, F, C] → [batch, T/2, F/2, 9·C]. */
function neighbours(x: Tensor): Tensor {
  const [batch, time, bins, channels] = x.shape.map(fixed) as [number, number, number, number]
  const lower = padAxis(reshape(x, [batch * time, bins, channels]), 1, 1, 0)
  const across = reshape(unfold(lower, 3, 2), [batch, time / 2, 2, (bins / 2) * 3 * channels])
  const step = (at: number) => slice(across, 2, at, at + 1)
  const before = slice(padAxis(step(1), 1, 1, 0), 1, 0, time / 2)
  const parts = [before, step(0), step(1)].map((part) =>
    reshape(part, [batch, time / 2, bins / 2, 3 * channels]),
  )
  return concat(parts, 3)
}
