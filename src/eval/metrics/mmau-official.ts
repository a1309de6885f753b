import { pythonRegExp } from './python-regexp.js'

/**
 * Whether the benchmarks' own scorer takes an answer for right: `string_match` of MMAU's evaluation.py (Sakshi113/MMAU
 * at 110127f), which MMAR (ddlBoJack/MMAR at 3bce090) shares. All words of the right choice must occur, and no word
 * that only other choices have; words are sets, so neither order nor repetition nor signs count. docs/evaluation.md
 * lists what follows from that.
 */
export function mmauOfficial(answer: string, expected: string, choices: readonly string[]): boolean {
  const given = wordsOf(answer)
  const wanted = wordsOf(expected)
  const others = new Set(
    choices.flatMap((choice) => [...wordsOf(choice)]).filter((word) => !wanted.has(word)),
  )
  return (
    given.size > 0 &&
    [...wanted].every((word) => given.has(word)) &&
    ![...given].some((word) => others.has(word))
  )
}

const WORD = pythonRegExp(String.raw`\b\w+\b`)

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(WORD))
}
