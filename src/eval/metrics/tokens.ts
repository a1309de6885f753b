/** A word of an answer, as it can be compared with others, and as it stands there. */
export interface Token {
  /** Lower-case and without the marks around it; signs that tell choices apart (C, C#, -3, 50 %) stay. */
  readonly word: string
  readonly raw: string
  /** What stands before it. */
  readonly before: string
}

export function tokensOf(text: string): readonly Token[] {
  return text
    .replaceAll('’', "'")
    .split(/[\s/]+/)
    .map((raw, i, all) => ({ raw, word: wordOf(raw), before: all[i - 1] ?? '' }))
    .filter(({ word }) => word !== '')
}

export const wordsOf = (text: string): readonly string[] => tokensOf(text).map(({ word }) => word)

const wordOf = (raw: string) =>
  raw
    .toLowerCase()
    .replace(/^["'“”‘([{<*]+/, '')
    .replace(/["'“”)\]}>*.,;:!?]+$/, '')
