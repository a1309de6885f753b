/**
 * The exponential moving average of weights over a stage's last steps. From step to step what a model knows of recordings that it
 * does not train on jumps about; the average lies between the steps and jumps less.
 *
 * At step n the average keeps min(decay, (1 + n) / (10 + n)) of itself, as TensorFlow's `ExponentialMovingAverage` and torch_ema have
 * it, so that what a stage begins with is soon forgotten. It spans about the last tenth of the steps so far, and 1 / (1 − decay) at
 * most: a decay of 0.9 comes into force at step 80, 0.97 at step 290, 0.99 at step 890.
 */
export class WeightAverage {
  readonly flat: Float32Array
  /** Steps so far. */
  steps = 0

  constructor(size: number) {
    this.flat = new Float32Array(size)
  }

  /** Begins with what the weights are before the first step. */
  restart(weights: Float32Array): void {
    this.flat.set(weights)
    this.steps = 0
  }

  /** Takes in the weights after one more step. */
  add(weights: Float32Array, decay: number): void {
    this.steps++
    const taken = 1 - Math.min(decay, (1 + this.steps) / (10 + this.steps))
    const { flat } = this
    for (let i = 0; i < flat.length; i++) flat[i]! += taken * (weights[i]! - flat[i]!)
  }
}
