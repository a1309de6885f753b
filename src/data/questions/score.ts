import { numberWords } from './count.js'
import { knowsLabels, labelsIn } from './labels-in.js'
import { isDenial, normalize } from './normalize.js'
import type { AnswerVocabulary } from './task.js'

export interface Reference {
  readonly expected: string
  /** Other answers that are right as well. */
  readonly accept?: readonly string[]
  readonly vocabulary: AnswerVocabulary
}

/**
 * Whether an answer is right, strictly: labels are read from it, and it must name the right ones and no
 * other. An answer that cannot be read is wrong. Tasks not known here want the expected words themselves.
 */
export function scoreAnswer(
  task: string,
  answer: string,
  { expected, accept = [], vocabulary }: Reference,
): boolean {
  const references = [expected, ...accept]
  if (task === 'presence') return references.some((reference) => sameVerdict(answer, reference))
  // What was heard may be told before what comes first, or last, of it.
  const readings = task === 'order' ? [answer, lastSentence(answer)] : [answer]
  return readings.some((reading) => {
    const given = normalize(reading)
    return (
      given.length > 0 &&
      references.some((reference) => matches(task, given, normalize(reference), vocabulary))
    )
  })
}

/**
 * Whether an answer is in the format that its task asks for: yes or no, a number, labels that exist (or their denial).
 * Where no labels are known, and for tasks not known here, any words are.
 */
export function isReadable(task: string, answer: string, vocabulary: AnswerVocabulary): boolean {
  const given = normalize(answer)
  switch (task) {
    case 'presence':
      return verdict(answer) !== undefined
    case 'count':
      return given.some(isNumber)
    case 'order':
    case 'digit':
    case 'drum':
    case 'name':
    case 'choice':
    case 'louder':
    case 'caption': {
      const labelled = () => isDenial(given) || labelsIn(given, vocabulary).length > 0
      return given.length > 0 && (!knowsLabels(vocabulary) || labelled())
    }
    default:
      return given.length > 0
  }
}

function matches(
  task: string,
  given: readonly string[],
  wanted: readonly string[],
  vocabulary: AnswerVocabulary,
) {
  switch (task) {
    case 'count':
      return sameList(given.filter(isNumber), wanted.filter(isNumber)) && wanted.some(isNumber)
    case 'order':
    case 'digit':
    case 'drum':
      return sameLabels(given, wanted, vocabulary, sameList)
    case 'name':
    case 'choice':
    case 'louder':
    case 'caption':
      return sameLabels(given, wanted, vocabulary, sameSet)
    default:
      return sameList(given, wanted)
  }
}

function sameVerdict(answer: string, reference: string): boolean {
  const given = verdict(answer)
  return given !== undefined && given === verdict(reference)
}

/** "yes" or "no", with which a sentence begins, and no sentence with the other: reasons may stand before and behind. */
export function verdict(answer: string): string | undefined {
  const openings = sentences(answer).map((text) => normalize(text)[0])
  const [first, ...others] = new Set(openings.filter((word) => word === 'yes' || word === 'no'))
  return others.length === 0 ? first : undefined
}

const sentences = (text: string) => text.split(/[.!?\n]/).filter((sentence) => normalize(sentence).length > 0)

const lastSentence = (text: string) => sentences(text).at(-1) ?? ''

/** Both name the same labels; a reference without any ("No digit is spoken.") wants its own words. */
function sameLabels(
  given: readonly string[],
  wanted: readonly string[],
  vocabulary: AnswerVocabulary,
  same: (a: readonly string[], b: readonly string[]) => boolean,
): boolean {
  const labels = labelsIn(wanted, vocabulary)
  if (labels.length === 0) return sameList(given, wanted)
  return isDenial(given) === isDenial(wanted) && same(labelsIn(given, vocabulary), labels)
}

const isNumber = (word: string) => /^\d+$/.test(word) || (numberWords as readonly string[]).includes(word)

const sameList = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((x, i) => x === b[i])

const sameSet = (a: readonly string[], b: readonly string[]) => {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((x) => right.has(x))
}
