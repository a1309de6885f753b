import { type CaptionCase, countRuns, wordsOf } from './caption-case.js'
import { type Metric, meanOf } from './metric.js'

/**
 * CIDEr-D (Vedantam et al. 2015, section 4), as pycocoevalcap's cider/cider_scorer.py computes it: tf-idf vectors of
 * runs of 1 to 4 words, clipped cosine similarity, a Gaussian penalty (σ = 6) on the difference of lengths, which
 * are counted in *pairs* of words; times 10. A run's rarity is that among the references of all cases, also where
 * only some are drawn. One case alone has no rarity: the result is not a number.
 */
export const ciderD: Metric<CaptionCase> = (cases) => {
  if (cases.length < 2) return () => Number.NaN
  const words = cases.map(wordsOf)
  const rarity = rarityOf(words.map(({ references }) => references))
  const scores = words.map(({ answer, references }) => {
    const given = vectorsOf(answer, rarity)
    const similarities = references.map((reference) => similarity(given, vectorsOf(reference, rarity)))
    return (10 * similarities.reduce((a, b) => a + b, 0)) / references.length
  })
  return meanOf(scores)
}

const LENGTHS = [1, 2, 3, 4] as const
const SIGMA = 6

type Rarity = (run: string) => number

/** log(cases / cases with a reference that has the run), of one that none has: log(cases). */
function rarityOf(corpus: readonly (readonly (readonly string[])[])[]): Rarity {
  const cases = new Map<string, number>()
  for (const references of corpus) {
    const runs = references.flatMap((words) => LENGTHS.flatMap((n) => [...countRuns(words, n).keys()]))
    for (const run of new Set(runs)) cases.set(run, (cases.get(run) ?? 0) + 1)
  }
  return (run) => Math.log(corpus.length) - Math.log(cases.get(run) ?? 1)
}

interface Vectors {
  /** The weight of each run, one vector for each length. */
  readonly weights: readonly ReadonlyMap<string, number>[]
  readonly norms: readonly number[]
  readonly pairs: number
}

function vectorsOf(words: readonly string[], rarity: Rarity): Vectors {
  const weights = LENGTHS.map(
    (n) => new Map([...countRuns(words, n)].map(([run, count]) => [run, count * rarity(run)])),
  )
  const norms = weights.map((vector) => Math.hypot(...vector.values()))
  return { weights, norms, pairs: Math.max(0, words.length - 1) }
}

function similarity(given: Vectors, wanted: Vectors): number {
  const cosines = LENGTHS.map((_, n) => {
    const reference = wanted.weights[n]!
    let product = 0
    for (const [run, weight] of given.weights[n]!) {
      const there = reference.get(run) ?? 0
      product += Math.min(weight, there) * there
    }
    const norm = given.norms[n]! * wanted.norms[n]!
    return norm === 0 ? product : product / norm
  })
  const penalty = Math.exp(-((given.pairs - wanted.pairs) ** 2) / (2 * SIGMA ** 2))
  return (penalty * cosines.reduce((a, b) => a + b)) / LENGTHS.length
}
