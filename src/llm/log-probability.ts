import { likeliest } from './sampling.js'

/**
 * Log-softmax: ln P(token) = logit − ln Σ exp(logits), in nats, of any token. The sum is in double precision and about
 * the largest logit, so that nothing overflows.
 * @throws PalError for logits that are not finite: see `likeliest`
 */
export function logProbability(logits: Float32Array): (token: number) => number {
  const highest = logits[likeliest(logits)]!
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - highest)
  const normaliser = highest + Math.log(sum)
  return (token) => logits[token]! - normaliser
}
