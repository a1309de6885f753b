import { balanced } from './accuracy.js'
import { type Measure, number, type Outcome, share } from './measure.js'
import { meanAveragePrecision, type TagCase } from './metrics/average-precision.js'
import { meanOf, ofSums } from './metrics/metric.js'

/**
 * What a task is measured by where the model's likelihood of every possible answer is known. The two accuracies are
 * `acc` and `acc_norm` of lm-evaluation-harness (`ConfigurableTask.process_results` in lm_eval/api/task.py, commit
 * 4e7e0d4): the likeliest answer, and the likeliest for its length in characters. One thing is other than there: an
 * answer's likelihood counts the token that ends it, for "bell" is always likelier than "bell tower" without.
 */
export function likelihoodMeasures(scoring: string): readonly Measure[] {
  switch (scoring) {
    case 'presence':
      return [share('balanced accuracy, likeliest answer', balanced)]
    case 'tags':
      return [share('mAP, likelihood of each label', (of) => meanAveragePrecision(of.map(tagCase)))]
    default:
      return [
        share('accuracy, likeliest answer', (of) => meanOf(of.map(({ right }) => (right ? 1 : 0)))),
        share('accuracy, likeliest answer per character', (of) =>
          meanOf(of.map((one) => (isRightPerCharacter(one) ? 1 : 0))),
        ),
      ]
  }
}

/** How far the right answers are from certain; of the questions that could be asked. */
export const nllMeasures: readonly Measure[] = [
  number('NLL, nats per answer token', (of) =>
    ofSums(
      of.map(({ nll }) => [nll?.nats ?? 0, nll?.tokens ?? 0]),
      ([nats = 0, tokens = 0]) => nats / tokens,
    ),
  ),
  number('NLL, nats per answer', (of) =>
    ofSums(
      of.map(({ nll }) => [nll?.nats ?? 0, nll ? 1 : 0]),
      ([nats = 0, answers = 0]) => nats / answers,
    ),
  ),
]

/** The answer with the highest score, the first of several. */
export function likeliest(scores: Readonly<Record<string, number>>): string {
  const [best] = Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a))
  return best
}

function isRightPerCharacter({ scores, correct = [] }: Outcome): boolean {
  if (!scores) return false
  const perCharacter = Object.entries(scores).map(([answer, score]) => [answer, score / [...answer].length])
  return correct.includes(likeliest(Object.fromEntries(perCharacter)))
}

/** A recording that could not be heard has no scores, so its labels count as never found. */
const tagCase = ({ scores, correct = [] }: Outcome): TagCase => ({
  labels: correct,
  ...(scores && { scores }),
})
