import { type CaptionCase, wordsOf } from './caption-case.js'
import { type Metric, meanOf } from './metric.js'

/**
 * The mean ROUGE-L (Lin 2004): the F-measure, recall weighing β² = 1.44 times, of the longest common subsequence,
 * with the best precision and the best recall over the references, as pycocoevalcap's rouge/rouge.py computes it.
 */
export const rougeL: Metric<CaptionCase> = (cases) => meanOf(cases.map(one))

const BETA_SQUARED = 1.2 ** 2

function one(given: CaptionCase): number {
  const { answer, references } = wordsOf(given)
  if (answer.length === 0) return 0
  const common = references.map((reference) => ({ length: reference.length, lcs: lcs(reference, answer) }))
  const precision = Math.max(...common.map(({ lcs }) => lcs / answer.length))
  const recall = Math.max(...common.map(({ lcs, length }) => (length === 0 ? 0 : lcs / length)))
  if (precision === 0 || recall === 0) return 0
  return ((1 + BETA_SQUARED) * precision * recall) / (recall + BETA_SQUARED * precision)
}

/** The length of the longest common subsequence. */
function lcs(a: readonly string[], b: readonly string[]): number {
  let above = new Array<number>(b.length + 1).fill(0)
  for (const word of a) {
    const row = [0]
    for (const [j, other] of b.entries()) {
      row.push(word === other ? above[j]! + 1 : Math.max(above[j + 1]!, row[j]!))
    }
    above = row
  }
  return above[b.length]!
}
