export interface AdamWOptions {
  /** @default 0.9 */
  readonly beta1?: number
  /** @default 0.999 */
  readonly beta2?: number
  /** @default 1e-8 */
  readonly epsilon?: number
}

/** A stretch of the parameters with its own settings for this step. */
export interface ParameterGroup {
  /** In elements of the flat vector. */
  readonly offset: number
  readonly length: number
  readonly gradient: Float32Array
  readonly learningRate: number
  readonly weightDecay: number
}

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2; decay decoupled and scaled by the learning rate, as in
 * torch.optim.AdamW) over one flat vector of parameters.
 */
export class AdamW {
  readonly first: Float32Array
  readonly second: Float32Array
  /** Updates so far, for the bias correction. */
  steps = 0
  readonly #options: Required<AdamWOptions>

  constructor(size: number, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {}) {
    this.first = new Float32Array(size)
    this.second = new Float32Array(size)
    this.#options = { beta1, beta2, epsilon }
  }

  /** Forgets all it has seen. */
  reset(): void {
    this.first.fill(0)
    this.second.fill(0)
    this.steps = 0
  }

  /** One update, in place. @param scale multiplies every gradient, for clipping */
  update(parameters: Float32Array, groups: readonly ParameterGroup[], scale = 1): void {
    this.steps++
    const { beta1, beta2, epsilon } = this.#options
    const correction1 = 1 - beta1 ** this.steps
    const correction2 = Math.sqrt(1 - beta2 ** this.steps)
    for (const { offset, length, gradient, learningRate, weightDecay } of groups) {
      const stepSize = learningRate / correction1
      const keep = 1 - learningRate * weightDecay
      const p = parameters.subarray(offset, offset + length)
      const m = this.first.subarray(offset, offset + length)
      const v = this.second.subarray(offset, offset + length)
      for (let i = 0; i < length; i++) {
        const g = gradient[i]! * scale
        const mi = beta1 * m[i]! + (1 - beta1) * g
        const vi = beta2 * v[i]! + (1 - beta2) * g * g
        m[i] = mi
        v[i] = vi
        p[i] = p[i]! * keep - (stepSize * mi) / (Math.sqrt(vi) / correction2 + epsilon)
      }
    }
  }
}

/** The Euclidean norm of all gradients together. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let squares = 0
  for (const gradient of gradients)
    for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!
  return Math.sqrt(squares)
}
