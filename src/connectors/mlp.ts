import { gelu } from '../graph/elementwise.js'
import { mean } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'

export interface MlpConfig {
  readonly kind: 'mlp'
  /** Neighbouring tokens that are averaged into one; the count of tokens must divide by it. @default 1 */
  readonly pool?: number
  /** Tokens are told when they were heard: see `clock`. @default false */
  readonly clock?: boolean
}

/** LayerNorm, linear, GELU, linear: [batch, tokens, encoder width] → [batch, tokens/pool, hiddenSize]. */
export function mlpConnector(
  scope: Scope,
  { pool = 1 }: MlpConfig,
  tokens: Tensor,
  hiddenSize: number,
): Tensor {
  const pooled = pool === 1 ? tokens : poolTokens(tokens, pool)
  const widened = gelu(linear(scope.in('up'), layerNorm(scope.in('norm'), pooled, 1e-6), hiddenSize))
  return linear(scope.in('down'), widened, hiddenSize)
}

function poolTokens(tokens: Tensor, pool: number): Tensor {
  const [batch, count, width] = tokens.shape.map(fixed) as [number, number, number]
  const pooled = mean(reshape(tokens, [batch, count / pool, pool, width]), [2])
  return reshape(pooled, [batch, count / pool, width])
}
