import { PalError } from '../../errors.js'
import type { Metric } from './metric.js'

/** An audio's true labels, and a score for every label there is. */
export interface TagCase {
  readonly labels: readonly string[]
  /** Absent where the audio could not be heard: then it stands in no ranking, and its labels are never found. */
  readonly scores?: Readonly<Record<string, number>>
}

/**
 * The mean over labels of average precision, as scikit-learn's `average_precision_score` (macro) computes it:
 * Σ (recall − recall before) · precision, over the distinct scores from the highest down. Labels that no case drawn
 * has are left out of the mean, where scikit-learn warns and counts them as 0.
 */
export const meanAveragePrecision: Metric<TagCase> = (cases) => {
  const names = [...new Set(cases.flatMap(({ scores = {} }) => Object.keys(scores)))].sort()
  const rankings = names.map((label) => rank(cases, label))
  return (draw) => {
    const times = new Array<number>(cases.length).fill(0)
    for (const i of draw) times[i] = times[i]! + 1
    const values = rankings
      .map((ranking) => averagePrecision(ranking, times))
      .filter((value) => !Number.isNaN(value))
    return values.reduce((a, b) => a + b, 0) / values.length
  }
}

interface Ranked {
  readonly index: number
  readonly score: number
  readonly relevant: boolean
}

/** What there is of a label. */
interface Ranking {
  /** By score, the highest first. */
  readonly ranked: readonly Ranked[]
  /** The cases that have the label and no scores. */
  readonly unheard: readonly number[]
}

function rank(cases: readonly TagCase[], label: string): Ranking {
  const unheard: number[] = []
  const ranked: Ranked[] = []
  for (const [index, { labels, scores }] of cases.entries()) {
    const relevant = labels.includes(label)
    if (scores) ranked.push({ index, score: scoreOf(scores, label), relevant })
    else if (relevant) unheard.push(index)
  }
  return { ranked: ranked.sort((a, b) => b.score - a.score), unheard }
}

function scoreOf(scores: NonNullable<TagCase['scores']>, label: string): number {
  const score = scores[label]
  if (score !== undefined && !Number.isNaN(score)) return score
  throw new PalError(`expected a score for every label of every audio, got ${score} for "${label}"`, {
    key: 'scores',
  })
}

/** @param times how often each case was drawn */
function averagePrecision({ ranked, unheard }: Ranking, times: readonly number[]): number {
  let [found, passed, sum] = [0, 0, 0]
  for (let at = 0; at < ranked.length; ) {
    // Cases of one score are passed together: no order among them is better than another.
    const { score } = ranked[at]!
    const before = found
    for (; ranked[at]?.score === score; at++) {
      const { index, relevant } = ranked[at]!
      passed += times[index]!
      if (relevant) found += times[index]!
    }
    if (found > before) sum += (found - before) * (found / passed)
  }
  const all = unheard.reduce((sum, index) => sum + times[index]!, found)
  return all === 0 ? Number.NaN : sum / all
}
