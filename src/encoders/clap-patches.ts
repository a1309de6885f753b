import { add, clampMin, mul, sigmoid } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { mean } from '../graph/reduce.js'
import { padAxis, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'
import { batchNorm } from './batch-norm.js'

/** Patches of HTS-AT: sides of a patch, their width, and how many mel spectrograms a checkpoint with fusion joins. */
export interface ClapPatches {
  readonly patchSize: number
  readonly width: number
  readonly fusion: boolean
  /** The fusion's attention is narrower by so much. */
  readonly fusionReduction: number
}

/**
 * Images [batch, channels, side, side] → patches [batch, side/patch, side/patch, width]. With fusion, the first channel
 * is the whole sound, and patches of the three others, which are three times as wide, are weighed against its own.
 * Source: `ClapAudioPatchEmbed` in transformers/models/clap/modeling_clap.py.
 */
export function clapPatches(scope: Scope, config: ClapPatches, images: Tensor): Tensor {
  const { patchSize, width, fusion } = config
  const whole = cut(scope.in('proj'), slice(images, 1, 0, 1), patchSize, patchSize, width)
  const [batch, , rows, columns] = whole.shape.map(fixed) as [number, number, number, number]
  const global = reshape(whole, [batch, rows, columns, width])
  if (!fusion) return global
  const parts = fixed(images.shape[1])
  const close = cut(scope.in('mel_conv2d'), slice(images, 1, 1, parts), patchSize, 3 * patchSize, width)
  const strip = (parts - 1) * fixed(close.shape[3])
  const inRow = reshape(transpose(close, [0, 2, 1, 3, 4]), [batch, rows, strip, width])
  return fuse(scope.in('fusion_model'), config, global, padAxis(inRow, 2, 0, columns - strip))
}

/** A convolution that does not overlap: [batch, channels, side, side] → [batch, channels, rows, columns, width]. */
function cut(scope: Scope, images: Tensor, height: number, length: number, width: number): Tensor {
  const [batch, channels, side] = images.shape.map(fixed) as [number, number, number]
  const [rows, columns] = [Math.floor(side / height), Math.floor(side / length)]
  const within = slice(images, 3, 0, columns * length)
  const blocks = reshape(within, [batch, channels, rows, height, columns, length])
  const patches = reshape(transpose(blocks, [0, 1, 2, 4, 3, 5]), [
    batch,
    channels,
    rows,
    columns,
    height * length,
  ])
  const weight = scope.parameter('weight', [width, 1, height, length], { normal: 1 / height })
  const product = matmul(patches, reshape(weight, [width, height * length]), { transposeB: true })
  return add(product, scope.parameter('bias', [width], 'zeros'))
}

/** Attentional feature fusion (Dai et al. 2021): 2·(w·global + (1 − w)·local). */
function fuse(scope: Scope, { width, fusionReduction }: ClapPatches, global: Tensor, local: Tensor): Tensor {
  const both = add(global, local)
  const inner = Math.floor(width / fusionReduction)
  const attend = (at: Scope, first: number, x: Tensor) => {
    const narrow = batchNorm(at.in(`${first + 1}`), pointwise(at.in(`${first}`), x, inner))
    return batchNorm(at.in(`${first + 4}`), pointwise(at.in(`${first + 3}`), clampMin(narrow, 0), width))
  }
  const close = attend(scope.in('local_att'), 0, both)
  const overall = attend(scope.in('global_att'), 1, mean(both, [1, 2]))
  const weight = sigmoid(add(close, overall))
  return add(mul(mul(global, weight), 2), mul(mul(local, add(mul(weight, -1), 1)), 2))
}

/** A convolution of 1 × 1. */
function pointwise(scope: Scope, x: Tensor, channels: number): Tensor {
  const inputs = fixed(x.shape.at(-1))
  const weight = scope.parameter('weight', [channels, inputs, 1, 1], { normal: 1 / Math.sqrt(inputs) })
  const product = matmul(x, reshape(weight, [channels, inputs]), { transposeB: true })
  return add(product, scope.parameter('bias', [channels], 'zeros'))
}
