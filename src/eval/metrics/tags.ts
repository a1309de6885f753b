import { type FoundLabel, findLabels } from '../../data/questions/labels-in.js'
import { isDenial, normalize } from '../../data/questions/normalize.js'
import type { AnswerVocabulary } from '../../data/questions/task.js'
import { groupBy } from '../../group-by.js'
import { type Metric, ofSums } from './metric.js'

/** The labels of a recording, and those that an answer was read as. */
export interface Tagging {
  readonly tags: readonly string[]
  readonly named: readonly string[]
}

/**
 * The labels that a list such as "Dog, male speech, man speaking." names, each once. A label of the vocabulary may hold
 * commas itself, of which the list may lack some; of labels that overlap the longest counts. What stands between commas
 * and names none, or denies one, is taken for a label that there is not.
 */
export function tagsIn(list: string, vocabulary: AnswerVocabulary): readonly string[] {
  const given = listed(list)
  const partsOf = ({ at, length }: FoundLabel) => given.slice(at, at + length).map(({ part }) => part)
  const found = findLabels(
    given.map(({ word }) => word),
    vocabulary,
    (label) => isWhole(partsOf(label), label.spelling),
  )
  const inLabels = new Set(found.flatMap(({ at, length }) => given.slice(at, at + length)))
  const denied = new Set(
    given.filter((one) => !inLabels.has(one) && isDenial([one.word])).map(({ part }) => part),
  )
  const named = found.filter((label) => !partsOf(label).some((part) => denied.has(part)))
  const read = new Set(named.flatMap(partsOf))
  const strange = [...groupBy(given, ({ part }) => String(part)).values()]
    .filter(([first]) => !read.has(first!.part))
    .map((words) => words.map(({ word }) => word).join(' '))
  return [...new Set([...named.map(({ label }) => label), ...strange])]
}

/** Whether two lists have the same labels, in any order. */
export function sameTags(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [tagSet(a), tagSet(b)]
  return left.size === right.size && [...left].every((tag) => right.has(tag))
}

/** A label by its words, so that "Dog." is "dog". */
export const tagOf = (label: string): string => normalize(label).join(' ')

/** Micro-averaged F1 of the labels that answers list: 2 TP / (2 TP + FP + FN) over all cases. */
export const tagsF1: Metric<Tagging> = (cases) =>
  ofSums(
    cases.map(({ tags, named }) => {
      const [given, wanted] = [tagSet(named), tagSet(tags)]
      return [[...given].filter((tag) => wanted.has(tag)).length, given.size + wanted.size]
    }),
    ([both = 0, listed = 0]) => (2 * both) / listed,
  )

interface ListedWord {
  readonly word: string
  /** Between which commas it stands. */
  readonly part: number
}

const listed = (list: string): readonly ListedWord[] =>
  list.split(/[,;\n]/).flatMap((text, part) => normalize(text).map((word) => ({ word, part })))

/** Commas part the words of a label only where it has some itself: "Speech, synthesizer" is no speech synthesizer. */
function isWhole(parts: readonly number[], label: string): boolean {
  const own = listed(label)
  return parts.every((part, i) => i === 0 || part === parts[i - 1] || own[i]?.part !== own[i - 1]?.part)
}

const tagSet = (labels: readonly string[]): ReadonlySet<string> => new Set(labels.map(tagOf))
