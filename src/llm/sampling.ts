import { PalError } from '../errors.js'
import { Random } from '../random.js'

export interface SamplingOptions {
  /** 0 takes the likeliest token; higher numbers make unlikely ones likelier. @default 0 */
  readonly temperature?: number
  /** Only the so many likeliest tokens are drawn from. @default all */
  readonly topK?: number
  /** Only the likeliest tokens that together have this probability are drawn from. @default 1 */
  readonly topP?: number
  /** The same seed draws the same answer. @default 0 */
  readonly seed?: number
}

/** Chooses a token by the scores [vocabularySize] of all. */
export type Sampler = (logits: Float32Array) => number

/** @throws PalError for an option out of range, naming it */
export function createSampler(options: SamplingOptions = {}): Sampler {
  const { temperature = 0, topK = Number.POSITIVE_INFINITY, topP = 1, seed = 0 } = options
  expect('temperature', temperature, temperature >= 0 && Number.isFinite(temperature), 'a number, 0 or more')
  const wholeK = topK === Number.POSITIVE_INFINITY || Number.isInteger(topK)
  expect('topK', topK, wholeK && topK >= 1, 'a whole number, 1 or more')
  expect('topP', topP, topP > 0 && topP <= 1, 'a number above 0, up to 1')
  expect('seed', seed, Number.isInteger(seed), 'a whole number')
  if (temperature === 0 || topK === 1) return likeliest
  const random = new Random('sampling', seed)
  return (logits) => {
    const candidates = kept(probabilities(logits, temperature), topK, topP)
    return random.weighted(candidates, ({ probability }) => probability).token
  }
}

function expect(key: string, value: number, valid: boolean, expected: string): void {
  if (!valid) throw new PalError(`expected ${expected}, got ${value}`, { key })
}

function likeliest(logits: Float32Array): number {
  let best = 0
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i
  return best
}

interface Candidate {
  readonly token: number
  readonly probability: number
}

/** Softmax of logits/temperature, likeliest first. */
function probabilities(logits: Float32Array, temperature: number): readonly Candidate[] {
  const highest = logits[likeliest(logits)]!
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - highest) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Array.from(weights, (weight, token) => ({ token, probability: weight / total })).sort(
    (a, b) => b.probability - a.probability,
  )
}

/** The first `topK` of them, and of those no more than it takes to reach `topP` (Holtzman et al. 2020). */
function kept(candidates: readonly Candidate[], topK: number, topP: number): readonly Candidate[] {
  let total = 0
  const enough = candidates.findIndex(({ probability }) => {
    total += probability
    return total >= topP
  })
  return candidates.slice(0, Math.min(topK, enough === -1 ? candidates.length : enough + 1))
}
