import { editDistance } from '../../text/edit-distance.js'
import { type Metric, ofSums } from './metric.js'

/** What was heard, and what was said: in one wording, or in several that are right. */
export interface TranscriptCase {
  readonly answer: string
  readonly references: readonly string[]
}

/** Makes spellings of the same words alike, such as `normalizeEnglish`. */
export type Normalizer = (text: string) => string

/**
 * Word error rate over all cases together: errors over words said, as jiwer 4 computes it (`jiwer.wer`); it may
 * exceed 1. Of several references a case is held to the one with the fewest errors, the first of such. Where nothing at all
 * was said it is the number of words that were heard.
 */
export const wordErrorRate = (normalize: Normalizer): Metric<TranscriptCase> =>
  errorRate((text) => normalize(text).trim().split(/\s+/).filter(Boolean))

/** Character error rate, spaces between words included, as jiwer 4 computes it (`jiwer.cer`). */
export const characterErrorRate = (normalize: Normalizer): Metric<TranscriptCase> =>
  errorRate((text) => [...normalize(text).trim()])

function errorRate(split: (text: string) => readonly string[]): Metric<TranscriptCase> {
  return (cases) =>
    ofSums(
      cases.map(({ answer, references }) => {
        const heard = split(answer)
        const counted = references.map((reference) => {
          const said = split(reference)
          return [editDistance(said, heard), said.length] as const
        })
        return counted.reduce((best, one) => (one[0] < best[0] ? one : best))
      }),
      ([errors = 0, said = 0]) => (said === 0 ? errors : errors / said),
    )
}
