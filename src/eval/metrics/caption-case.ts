import { ptbWords } from './ptb-words.js'

/** A caption that was given, and one or more that people wrote. */
export interface CaptionCase {
  readonly answer: string
  readonly references: readonly string[]
}

/** A caption's words and its references'. */
export interface Words {
  readonly answer: readonly string[]
  readonly references: readonly (readonly string[])[]
}

/** Read once for each case, however many metrics ask. */
export function wordsOf(one: CaptionCase): Words {
  const known = read.get(one)
  if (known) return known
  const words = { answer: ptbWords(one.answer), references: one.references.map(ptbWords) }
  read.set(one, words)
  return words
}

const read = new WeakMap<CaptionCase, Words>()

/** How often each run of `length` words occurs. */
export function countRuns(words: readonly string[], length: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (let at = 0; at + length <= words.length; at++) {
    const run = words.slice(at, at + length).join(' ')
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  return counts
}
