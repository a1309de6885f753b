import { normalize } from '../../data/questions/normalize.js'
import { denies, isTakenBack } from './denial.js'
import { tokensOf } from './tokens.js'

/**
 * Whether an answer has the words of one of the references somewhere, one after the other, but for case and
 * punctuation, and denies nothing besides: "I hear a dog", not "It is not a dog".
 */
export function holdsWords(answer: string, references: readonly string[]): boolean {
  const said = tokensOf(answer).flatMap(({ word: whole }) =>
    normalize(whole).map((word) => ({ word, denying: denies(whole) })),
  )
  return references.some((reference) => {
    const wanted = normalize(reference)
    const starts = [...said.keys()].filter((at) => wanted.every((word, i) => said[at + i]?.word === word))
    if (wanted.length === 0 || starts.length === 0) return false
    const places = new Set(starts.flatMap((at) => wanted.map((_, i) => at + i)))
    return !isTakenBack(
      said.map(({ denying }) => denying),
      places,
    )
  })
}
