import type { Metric } from './metrics/metric.js'

/** A question and what became of it; without an answer it is wrong. */
export interface Outcome {
  readonly answer?: string
  readonly right: boolean
  readonly expected: string
  readonly accept?: readonly string[]
  readonly choices?: readonly string[]
  /** Of the task `tags`: the labels that are right, and those that the answer was read as. */
  readonly tags?: readonly string[]
  readonly named?: readonly string[]
  /** Absent where the model was asked and wrote its answer. */
  readonly protocol?: 'likelihood'
  /** A score for every label there is: by the likelihood protocol ln P in nats, or what another program has given. */
  readonly scores?: Readonly<Record<string, number>>
  /** The labels of `scores` that are right, where the question has a closed set of answers. */
  readonly correct?: readonly string[]
  readonly nll?: AnswerNll
  /** Of captions: what programs of the user have scored them, by the names of these. */
  readonly external?: Readonly<Record<string, number>>
}

/** −ln P(right answer | audio, question), and the tokens that this is of, the one that ends the answer included. */
export interface AnswerNll {
  readonly nats: number
  readonly tokens: number
}

/** One number about a task, by the name that says how it was got. */
export interface Measure {
  readonly name: string
  /** Shares are shown as per cent; the caption metrics as they are published. */
  readonly unit: 'share' | 'number'
  readonly metric: Metric<Outcome>
}

export const share = (name: string, metric: Metric<Outcome>): Measure => ({ name, unit: 'share', metric })
export const number = (name: string, metric: Metric<Outcome>): Measure => ({ name, unit: 'number', metric })
