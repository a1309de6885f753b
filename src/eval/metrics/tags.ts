import { normalize } from '../../data/questions/score.js'
import { type Metric, ofSums } from './metric.js'

/** The labels of a list such as "Dog, rain, church bells." */
export function tagsOf(list: string): readonly string[] {
  return list
    .split(/[,;\n]/)
    .map((tag) => normalize(tag).join(' '))
    .filter(Boolean)
}

/** Whether two lists have the same labels, in any order. */
export function sameTags(a: string, b: string): boolean {
  const [left, right] = [new Set(tagsOf(a)), new Set(tagsOf(b))]
  return left.size === right.size && [...left].every((tag) => right.has(tag))
}

/** Micro-averaged F1 of the labels that answers list: 2 TP / (2 TP + FP + FN) over all cases. */
export const tagsF1: Metric<{ readonly answer: string; readonly expected: string }> = (cases) =>
  ofSums(
    cases.map(({ answer, expected }) => {
      const [given, wanted] = [new Set(tagsOf(answer)), new Set(tagsOf(expected))]
      return [[...given].filter((tag) => wanted.has(tag)).length, given.size + wanted.size]
    }),
    ([both = 0, listed = 0]) => (2 * both) / listed,
  )
