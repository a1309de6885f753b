import { add, div, mul, sqrt, sub } from '../graph/elementwise.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'

/** Batch normalisation over the last axis with the statistics of training, as in PyTorch's evaluation mode. */
export function batchNorm(scope: Scope, x: Tensor): Tensor {
  const size = [fixed(x.shape.at(-1))]
  const deviation = sqrt(add(scope.parameter('running_var', size, 'ones'), EPSILON))
  const gain = div(scope.parameter('weight', size, 'ones'), deviation)
  const centred = sub(x, scope.parameter('running_mean', size, 'zeros'))
  return add(mul(centred, gain), scope.parameter('bias', size, 'zeros'))
}

const EPSILON = 1e-5
