import { Random } from '../random.js'

/** How surely the label is heard in a token: its score, unless others have raised it further. */
const SCORE = [0.3, 0.98] as const

/** The share of the features which speak for a label that a token has. */
const SHARE = [0.3, 1] as const

/** Other labels that faintly sound along in a token, by half of their features, and the most that each of them all would add to its logit. */
const OTHERS = 8
const SHARE_OF_OTHERS = 0.5
const MOST_OF_OTHERS = 0.5

/**
 * Scores that an encoder's classifier might give sounds that nobody recorded. The classifier itself knows what a label sounds
 * like: a state is made along the weights w⁺ that speak for the label c, of a random part of its features, on top of a little
 * of what speaks for others,
 *
 *   h = x·m∘w_c⁺ + Σ_o r_o·m_o∘w_o⁺/‖w_o⁺‖²,  x such that σ(w_c·h + b_c) is a score drawn from 0.3 to 0.98
 *
 * and its scores σ(W·h + b) are what is heard. What resembles the label comes with it as it does with a recording: a siren and
 * an emergency vehicle with an ambulance. Training without audio, as Deshmukh et al. 2023 (arXiv 2309.07372) have it of texts' embeddings
 * by CLAP; this needs no encoder of texts.
 */
export class ImaginedScores {
  readonly #weight: Float32Array
  readonly #bias: Float32Array
  readonly #states: number
  /** ‖w⁺‖² of each label. */
  readonly #squares: readonly number[]

  /**
   * Of a linear classifier over states that are nowhere negative.
   * @param weight [labels, states]
   * @param bias [labels]
   */
  constructor(weight: Float32Array, bias: Float32Array) {
    this.#weight = weight
    this.#bias = bias
    this.#states = weight.length / bias.length
    this.#squares = Array.from(bias, (_, label) => square(this.#speakingFor(label)))
  }

  /** @returns [tokens, labels] for a sound of this label, of the same seed always the same */
  scores(label: number, tokens: number, seed: number): Float32Array {
    const random = new Random('imagined', seed)
    const labels = this.#bias.length
    const scores = new Float32Array(tokens * labels)
    for (let token = 0; token < tokens; token++) {
      const state = this.#state(label, random)
      for (let other = 0; other < labels; other++) {
        scores[token * labels + other] = 1 / (1 + Math.exp(-this.#logit(other, state)))
      }
    }
    return scores
  }

  #state(label: number, random: Random): Float32Array {
    const state = new Float32Array(this.#states)
    for (let i = 0; i < OTHERS; i++) {
      const other = random.integer(this.#bias.length)
      const gain = random.uniform(0, MOST_OF_OTHERS) / (this.#squares[other] as number)
      add(state, gain, part(this.#speakingFor(other), SHARE_OF_OTHERS, random))
    }
    const direction = part(this.#speakingFor(label), random.uniform(...SHARE), random)
    const score = random.uniform(...SCORE)
    const missing = Math.log(score / (1 - score)) - this.#logit(label, state)
    add(state, Math.max(0, missing / square(direction)), direction)
    return state
  }

  /** w⁺: the label's weights that are above 0. */
  #speakingFor(label: number): Float32Array {
    return this.#weightsOf(label).map((weight) => Math.max(0, weight))
  }

  #logit(label: number, state: Float32Array): number {
    const weights = this.#weightsOf(label)
    let logit = this.#bias[label] as number
    for (let i = 0; i < state.length; i++) logit += (weights[i] as number) * (state[i] as number)
    return logit
  }

  #weightsOf(label: number): Float32Array {
    return this.#weight.subarray(label * this.#states, (label + 1) * this.#states)
  }
}

/** Each number with the probability of `share`, and zeros. */
function part(numbers: Float32Array, share: number, random: Random): Float32Array {
  return numbers.map((number) => (random.chance(share) ? number : 0))
}

/** Nothing of a direction that is all zeros, of which no gain would be enough. */
function add(state: Float32Array, gain: number, direction: Float32Array): void {
  if (!Number.isFinite(gain)) return
  for (let i = 0; i < state.length; i++) state[i] = (state[i] as number) + gain * (direction[i] as number)
}

function square(numbers: Float32Array): number {
  return numbers.reduce((sum, number) => sum + number * number, 0)
}
