import { type CaptionCase, countRuns, type Words, wordsOf } from './caption-case.js'
import { type Metric, ofSums } from './metric.js'

/**
 * Corpus BLEU-1 to BLEU-4 with the closest reference's length (Papineni et al. 2002), as pycocoevalcap's
 * bleu/bleu_scorer.py computes it: the two small constants keep a precision of 0 from being 0 exactly.
 * @param order the longest run of words, 1 to 4
 */
export function bleu(order: number): Metric<CaptionCase> {
  const lengths = Array.from({ length: order }, (_, i) => i + 1)
  return (cases) =>
    ofSums(
      cases.map((one) => {
        const words = wordsOf(one)
        return [
          words.answer.length,
          closestLength(words),
          ...lengths.map((length) => matches(words, length)),
          ...lengths.map((length) => Math.max(0, words.answer.length - length + 1)),
        ]
      }),
      ([given = 0, wanted = 0, ...counts]) => {
        const precisions = lengths.map(
          (_, i) => ((counts[i] as number) + TINY) / ((counts[order + i] as number) + SMALL),
        )
        const product = precisions.reduce((a, b) => a * b)
        const ratio = (given + TINY) / (wanted + SMALL)
        return product ** (1 / order) * (ratio < 1 ? Math.exp(1 - 1 / ratio) : 1)
      },
    )
}

const TINY = 1e-15
const SMALL = 1e-9

/** Runs of the answer that a reference has, each at most as often as the reference that has it most. */
function matches({ answer, references }: Words, length: number): number {
  const allowed = references.map((reference) => countRuns(reference, length))
  const counts = [...countRuns(answer, length)].map(([run, count]) =>
    Math.min(count, Math.max(0, ...allowed.map((of) => of.get(run) ?? 0))),
  )
  return counts.reduce((a, b) => a + b, 0)
}

/** Of lengths equally close the shorter. */
function closestLength({ answer, references }: Words): number {
  const far = (length: number) => Math.abs(length - answer.length)
  return references
    .map(({ length }) => length)
    .reduce((a, b) => (far(b) < far(a) || (far(b) === far(a) && b < a) ? b : a))
}
