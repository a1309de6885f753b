import * as graph from '../graph/normalize.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import type { Scope } from './scope.js'

/** RMSNorm with a trained gain, over the last axis. */
export function rmsNorm(scope: Scope, x: Tensor, epsilon: number): Tensor {
  return graph.rmsNorm(x, scope.parameter('weight', [fixed(x.shape.at(-1))], 'ones'), epsilon)
}

/** RMSNorm before its gain: a / √(mean(a²) + epsilon). */
export function unitRmsNorm(x: Tensor, epsilon: number): Tensor {
  const size = fixed(x.shape.at(-1))
  return graph.rmsNorm(x, x.graph.constant(new Float32Array(size).fill(1), [size]), epsilon)
}

/** LayerNorm with a trained gain and bias, over the last axis. */
export function layerNorm(scope: Scope, x: Tensor, epsilon: number): Tensor {
  const size = [fixed(x.shape.at(-1))]
  return graph.layerNorm(
    x,
    scope.parameter('weight', size, 'ones'),
    scope.parameter('bias', size, 'zeros'),
    epsilon,
  )
}
