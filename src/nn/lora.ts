import { matmul } from '../graph/matmul.js'
import type { Tensor } from '../graph/tensor.js'
import type { Scope } from './scope.js'

/** Which projections are adapted, and how much room an adaptation has. */
export interface LoraConfig {
  /** r: the width of the way through. */
  readonly rank: number
  /** The addition is scaled by alpha / rank. */
  readonly alpha: number
  /** Patterns over the names of projections, such as `llm.model.layers.*.self_attn.q_proj`. */
  readonly on: readonly string[]
}

/**
 * α/r · B A x, what LoRA adds to a projection W x whose weight stays as it is (Hu et al. 2021, section 4.1; names,
 * scaling and start as in PEFT's `LoraLayer`: A is Kaiming-uniform with a = √5, B is zero, so nothing changes at first).
 *
 * @param scope of the projection
 * @param x [..., inputs]
 * @returns [..., outputs]
 */
export function loraAddition(
  scope: Scope,
  { rank, alpha }: LoraConfig,
  x: Tensor,
  inputs: number,
  outputs: number,
): Tensor {
  const down = scope.in('lora_A').parameter('weight', [rank, inputs], { uniform: 1 / Math.sqrt(inputs) })
  const up = scope.in('lora_B').parameter('weight', [outputs, rank], 'zeros')
  return matmul(matmul(x, down, { transposeB: true }), up, { transposeB: true, scale: alpha / rank })
}

/** Whether a weight is part of an adaptation. */
export function isLora(name: string): boolean {
  return /\.lora_[AB]\.weight$/.test(name)
}
