import { add } from '../graph/elementwise.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import type { Scope } from '../nn/scope.js'

/** A sine and a cosine of each period. */
const PERIODS = 12
/** Seconds. The shortest tells neighbouring tokens apart, the longest does not come round within a scene. */
const SHORTEST = 0.4
const LONGEST = 60

/** How many numbers tell the time of a token. */
export const CLOCK_FEATURES = 2 * PERIODS

/**
 * Tells the language model when a token was heard: tokens + W·φ(t), φ the sinusoids of Vaswani et al. (2017, section 3.5) over
 * seconds instead of indices, W learnt, zero at first.
 *
 * By LAL no audio token forms a query, so none can find out what came before it; convolutions do not know where they are; and
 * the keys of several encoders stand one encoder after the other, so that a position among them is no time.
 *
 * @param tokens [batch, tokens, hiddenSize]
 * @param features [1, tokens, `CLOCK_FEATURES`], see `clockFeatures`
 */
export function clock(scope: Scope, tokens: Tensor, features: Tensor): Tensor {
  const told = linear(scope, features, fixed(tokens.shape[2]), { bias: false, initial: 'zeros' })
  return add(tokens, told)
}

/** φ(t), time by time: [times, `CLOCK_FEATURES`]. @param seconds the middle of each token's stretch */
export function clockFeatures(seconds: readonly number[]): Float32Array {
  const features = new Float32Array(seconds.length * CLOCK_FEATURES)
  for (const [i, time] of seconds.entries()) {
    for (let period = 0; period < PERIODS; period++) {
      const length = SHORTEST * (LONGEST / SHORTEST) ** (period / (PERIODS - 1))
      const angle = (2 * Math.PI * time) / length
      features[i * CLOCK_FEATURES + 2 * period] = Math.sin(angle)
      features[i * CLOCK_FEATURES + 2 * period + 1] = Math.cos(angle)
    }
  }
  return features
}
