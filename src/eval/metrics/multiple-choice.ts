import { denies, isTakenBack } from './denial.js'
import { type Token, tokensOf, wordsOf } from './tokens.js'

/**
 * Which of the choices an answer names, strictly: one and no other, by its letter or by its words in their order.
 *
 * - its words and nothing else, whatever their case and the mark at the end: "woman.";
 * - a letter by itself or marked as one, perhaps said to be the answer, and perhaps with that choice's words:
 *   "B", "(b)", "B. Woman", "The answer is (B)"; an article is none: "A dog is barking";
 * - or its words somewhere, where no other choice's words stand, save inside it: "I hear a woman".
 *
 * Beside it may stand neither another letter ("A) or B)") nor anything that takes it back ("It is not a woman").
 *
 * @returns the index of the choice, the first one of choices that are alike; undefined for an answer off the format, which is wrong
 */
export function chosen(answer: string, choices: readonly string[]): number | undefined {
  const texts = choices.map(wordsOf)
  const first = (index: number) => texts.findIndex((words) => same(words, texts[index]!))
  const verbatim = choices.findIndex((choice) => bare(choice) === bare(answer))
  if (verbatim >= 0) return first(verbatim)
  const { letter, rest } = letterOf(answer, choices.length)
  const given = tokensOf(rest)
  const { named, places } = namedIn(given, texts)
  const [choice, ...others] = new Set([...(letter === undefined ? [] : [letter]), ...named].map(first))
  if (choice === undefined || others.length > 0) return undefined
  const besides = given.filter((_, i) => !places.has(i))
  const letters = besides.map((token) => letterIn(token)).filter((index) => index in choices)
  if (letters.some((index) => first(index) !== choice)) return undefined
  const denying = given.map(({ word }) => denies(word))
  return isTakenBack(denying, places) ? undefined : choice
}

const indexOf = (letter: string) => letter.toUpperCase().charCodeAt(0) - 65

/** Whatever the case, and without the mark at the end. */
const bare = (text: string) => text.trim().toLowerCase().replace(/[.!]$/, '')

/** The choice that a letter marks, and what the answer says besides. */
function letterOf(answer: string, count: number): { readonly letter?: number; readonly rest: string } {
  const text = answer
    .trim()
    .replace(/^(?:the )?(?:correct |right )?(?:answer|choice|option)(?: is)?:?\s+/i, '')
  const [match, bracketed, marked, alone] =
    /^\(([a-z])\)(?!\S)|^([a-z])[.):](?!\S)|^\(?([a-z])\)?[.!]?$/i.exec(text) ?? []
  const letter = bracketed ?? marked ?? alone
  const index = letter === undefined ? -1 : indexOf(letter)
  return match !== undefined && index >= 0 && index < count
    ? { letter: index, rest: text.slice(match.length) }
    : { rest: answer }
}

/** The choices whose words stand in the answer, and the places of these; where choices overlap the longest counts. */
function namedIn(given: readonly Token[], texts: readonly (readonly string[])[]) {
  const named = new Set<number>()
  const places = new Set<number>()
  for (let at = 0; at < given.length; ) {
    const here = indices(
      texts,
      (words) => words.length > 0 && words.every((word, i) => word === given[at + i]?.word),
    )
    const longest = Math.max(0, ...here.map((index) => texts[index]!.length))
    for (const index of here) if (texts[index]!.length === longest) named.add(index)
    for (let i = 0; i < longest; i++) places.add(at + i)
    at += Math.max(1, longest)
  }
  return { named: [...named], places }
}

/** The choice whose letter a word is, marked as one ("(B)", "B.") or joined to another ("or B"); -1 of all else. */
function letterIn({ word, raw, before }: Token): number {
  const isMarked = /^\W*[a-z][.):]/i.test(raw)
  const isJoined = /^(?:or|and|&)$/i.test(before) && /^\W*[A-Z]/.test(raw)
  return /^[a-z]$/.test(word) && (isMarked || isJoined) ? indexOf(word) : -1
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((word, i) => word === b[i])

function indices<T>(items: readonly T[], fits: (item: T) => boolean): readonly number[] {
  return items.flatMap((item, index) => (fits(item) ? [index] : []))
}
