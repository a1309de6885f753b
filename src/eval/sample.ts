import type { KeptItem } from './items.js'
import type { Outcome } from './measure.js'

/** One answered question, as `samples.jsonl` keeps it. */
export interface Sample
  extends KeptItem,
    Pick<Outcome, 'right' | 'named' | 'protocol' | 'scores' | 'correct' | 'nll'> {
  readonly answer: string
  /** The answer cannot be read as what was asked for. */
  readonly offFormat?: boolean
}
