import { being, type Check, type Checks, isInteger, isNumber } from '../check-options.js'
import { PalError } from '../errors.js'
import { Random } from '../random.js'

/** Applied in the order of Hugging Face's `generate`: repetition penalty, temperature, top-k, top-p, min-p. */
export interface SamplingOptions {
  /** 0 takes the likeliest token; higher numbers make unlikely ones likelier. @default 0 */
  readonly temperature?: number
  /** Only the so many likeliest tokens are drawn from. @default all */
  readonly topK?: number
  /** Only the likeliest tokens that together have this probability are drawn from (Holtzman et al. 2020). @default 1 */
  readonly topP?: number
  /** Only tokens at least this fraction as likely as the likeliest are drawn from (Nguyen et al. 2024). @default 0 */
  readonly minP?: number
  /**
   * Above 1, tokens of the prompt and of the answer so far become less likely: their scores are divided by it, or
   * multiplied if negative (Keskar et al. 2019). Greedy answers change too. @default 1
   */
  readonly repetitionPenalty?: number
  /** The same seed draws the same answer. @default 0 */
  readonly seed?: number
}

/** Chooses a token by the scores [vocabularySize] of all, and by those that were read or said before. */
export type Sampler = (logits: Float32Array, seen?: ReadonlySet<number>) => number

/** What each option may be. */
export const samplingChecks: Checks<SamplingOptions> = {
  temperature: being(
    'a number, 0 or more',
    (value) => isNumber(value) && value >= 0 && Number.isFinite(value),
  ),
  topK: being(
    'a whole number, 1 or more',
    (value) => value === Number.POSITIVE_INFINITY || (isInteger(value) && value >= 1),
  ),
  topP: being('a number above 0, up to 1', (value) => isNumber(value) && value > 0 && value <= 1),
  minP: being('a number, 0 to 1', (value) => isNumber(value) && value >= 0 && value <= 1),
  repetitionPenalty: being(
    'a number above 0',
    (value) => isNumber(value) && value > 0 && Number.isFinite(value),
  ),
  seed: being('a whole number', isInteger),
}

/** @throws PalError for an option out of range, naming it */
export function createSampler(options: SamplingOptions = {}): Sampler {
  for (const [key, check] of Object.entries<Check>(samplingChecks)) {
    const value = options[key as keyof SamplingOptions]
    if (value !== undefined) check(value, key)
  }
  const { temperature = 0, topK = Number.POSITIVE_INFINITY, topP = 1, minP = 0 } = options
  const { repetitionPenalty = 1, seed = 0 } = options

  const penalised = (logits: Float32Array, seen: ReadonlySet<number> | undefined) =>
    repetitionPenalty === 1 || !seen ? logits : withPenalty(logits, seen, repetitionPenalty)
  if (temperature === 0 || topK === 1) return (logits, seen) => likeliest(penalised(logits, seen))
  const random = new Random('sampling', seed)
  return (logits, seen) => {
    const weights = relativeWeights(penalised(logits, seen), temperature)
    const isCut = topK < weights.length || topP < 1 || minP > 0
    return isCut ? draw(random, kept(weights, { topK, topP, minP })) : drawAny(random, weights)
  }
}

/**
 * The token with the highest score, the first of equals. All that is said of scores goes by it, and so finds out here when
 * they are none.
 * @throws PalError for a score that is no number or infinitely high; −∞ is a token that is never said
 */
export function likeliest(logits: Float32Array): number {
  let best = -1
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!
    if (logit <= highest) continue // Not so for what is no number.
    if (!(logit < Number.POSITIVE_INFINITY)) throw notFinite(logit, i)
    best = i
    highest = logit
  }
  if (best < 0) throw notFinite(highest, 0)
  return best
}

function notFinite(logit: number, token: number): PalError {
  return new PalError(`expected finite scores, got ${logit} for token ${token}`, {
    hint: 'The weights of the model are damaged, or too large for what it computes with: fetch them, or train it, again.',
  })
}

function withPenalty(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): Float32Array {
  const changed = logits.slice()
  for (const token of seen) {
    if (token >= changed.length) continue
    const logit = changed[token]!
    changed[token] = logit < 0 ? logit * penalty : logit / penalty
  }
  return changed
}

/** Softmax of logits/temperature, but for its sum: the likeliest token has 1. */
function relativeWeights(logits: Float32Array, temperature: number): Float64Array {
  const highest = logits[likeliest(logits)]!
  const weights = new Float64Array(logits.length)
  for (let i = 0; i < weights.length; i++) weights[i] = Math.exp((logits[i]! - highest) / temperature)
  return weights
}

interface Candidate {
  readonly token: number
  readonly weight: number
}

/**
 * The tokens that are drawn from, likeliest first: each rule keeps a start of that order, the nucleus by the
 * probabilities among those that top-k kept. Ordered no further than they are kept: vocabularies are long.
 */
function kept(
  weights: Float64Array,
  { topK, topP, minP }: Required<Pick<SamplingOptions, 'topK' | 'topP' | 'minP'>>,
): readonly Candidate[] {
  const likely = likeliestFirst(weights)
  const first = topK < weights.length ? [...take(likely, topK)] : undefined
  const total = first ? first.reduce((sum, { weight }) => sum + weight, 0) : sumOf(weights)
  const best: Candidate[] = []
  let reached = 0
  for (const candidate of first ?? likely) {
    if (candidate.weight < minP || reached >= topP * total) break
    best.push(candidate)
    reached += candidate.weight
  }
  return best
}

function* take<T>(items: Iterable<T>, count: number): Generator<T, void, void> {
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken === count) return
  }
}

function sumOf(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + weight, 0)
}

/** By falling weight; equal weights by rising token. A heap, of which only what is asked for is put in order. */
function* likeliestFirst(weights: Float64Array): Generator<Candidate, void, void> {
  const heap = Uint32Array.from(weights, (_, token) => token)
  let size = heap.length
  const before = (a: number, b: number) => weights[a]! > weights[b]! || (weights[a] === weights[b] && a < b)
  const sink = (start: number) => {
    const token = heap[start]!
    let at = start
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, token)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = token
  }
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i)
  while (size > 0) {
    const token = heap[0]!
    yield { token, weight: weights[token]! }
    heap[0] = heap[--size]!
    sink(0)
  }
}

function draw(random: Random, candidates: readonly Candidate[]): number {
  return random.weighted(candidates, ({ weight }) => weight).token
}

function drawAny(random: Random, weights: Float64Array): number {
  let rest = random.next() * sumOf(weights)
  let last = 0
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue
    rest -= weights[token]!
    if (rest < 0) return token
    last = token
  }
  return last
}
