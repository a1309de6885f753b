import { add, div, mul, neg, sqrt, sub } from '../graph/elementwise.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'

/** Batch normalisation over the last axis with the statistics of training, as in PyTorch's evaluation mode. */
export function batchNorm(scope: Scope, x: Tensor): Tensor {
  const { mean, gain, bias } = batchStatistics(scope, fixed(x.shape.at(-1)))
  return add(mul(sub(x, mean), gain), bias)
}

export interface BatchNormOptions {
  /** Added to the variance. @default 1e-5, PyTorch's */
  readonly epsilon?: number
  /** Whether a learnt `weight` scales it. @default true */
  readonly scaled?: boolean
}

/** What it does as a gain and a shift, for a product or a convolution to take up: x·gain + shift, each [size]. */
export function foldedBatchNorm(
  scope: Scope,
  size: number,
  options: BatchNormOptions = {},
): { readonly gain: Tensor; readonly shift: Tensor } {
  const { mean, gain, bias } = batchStatistics(scope, size, options)
  return { gain, shift: add(neg(mul(mean, gain)), bias) }
}

function batchStatistics(
  scope: Scope,
  size: number,
  { epsilon = 1e-5, scaled = true }: BatchNormOptions = {},
) {
  const deviation = sqrt(add(scope.parameter('running_var', [size], 'ones'), epsilon))
  return {
    mean: scope.parameter('running_mean', [size], 'zeros'),
    gain: div(scaled ? scope.parameter('weight', [size], 'ones') : scope.graph.scalar(1), deviation),
    bias: scope.parameter('bias', [size], 'zeros'),
  }
}
