import { add } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { loraAddition } from './lora.js'
import type { Initial, Scope } from './scope.js'

export interface LinearOptions {
  /** @default true */
  readonly bias?: boolean
  /** @default normal with deviation 1/√inputs */
  readonly initial?: Initial
}

/**
 * x·Wᵀ + b: [..., inputs] → [..., outputs]. The weight is [outputs, inputs], as PyTorch stores it. Where the scope says
 * so, LoRA's addition comes on top.
 */
export function linear(scope: Scope, x: Tensor, outputs: number, options: LinearOptions = {}): Tensor {
  const inputs = fixed(x.shape.at(-1))
  const initial = options.initial ?? { normal: 1 / Math.sqrt(inputs) }
  const product = matmul(x, scope.parameter('weight', [outputs, inputs], initial), { transposeB: true })
  const { lora } = scope
  const adapted = lora ? add(product, loraAddition(scope, lora, x, inputs, outputs)) : product
  return options.bias === false ? adapted : add(adapted, scope.parameter('bias', [outputs], 'zeros'))
}
