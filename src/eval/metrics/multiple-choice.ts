/**
 * Which of the choices an answer names, strictly: one and no other, by its letter or by its words in their order.
 *
 * - its words and nothing else, whatever their case and the mark at the end: "woman.";
 * - a letter by itself or marked as one, perhaps said to be the answer, and perhaps with that choice's words:
 *   "B", "(b)", "B. Woman", "The answer is (B)"; an article is none: "A dog is barking";
 * - or its words somewhere, where no other choice's words stand, save inside it: "I hear a woman".
 *
 * @returns the index of the choice, the first one of choices that are alike; undefined for an answer off the format, which is wrong
 */
export function chosen(answer: string, choices: readonly string[]): number | undefined {
  const texts = choices.map(wordsOf)
  const first = (index: number) => texts.findIndex((words) => same(words, texts[index]!))
  const verbatim = choices.findIndex((choice) => bare(choice) === bare(answer))
  if (verbatim >= 0) return first(verbatim)
  const { letter, rest } = letterOf(answer, choices.length)
  const named = [...new Set(namedIn(wordsOf(rest), texts).map(first))]
  if (letter !== undefined) return named.every((index) => index === first(letter)) ? first(letter) : undefined
  return named.length === 1 ? named[0] : undefined
}

/** Letters as the question lists them: A, B, C … */
export const letterAt = (index: number) => String.fromCharCode(65 + index)

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
  const index = letter === undefined ? -1 : letter.toUpperCase().charCodeAt(0) - 65
  return match !== undefined && index >= 0 && index < count
    ? { letter: index, rest: text.slice(match.length) }
    : { rest: answer }
}

/** The choices whose words stand in the answer; where choices overlap the longest counts. */
function namedIn(given: readonly string[], texts: readonly (readonly string[])[]): readonly number[] {
  const found = new Set<number>()
  for (let at = 0; at < given.length; ) {
    const here = indices(
      texts,
      (words) => words.length > 0 && words.every((word, i) => word === given[at + i]),
    )
    const longest = Math.max(0, ...here.map((index) => texts[index]!.length))
    for (const index of here) if (texts[index]!.length === longest) found.add(index)
    at += Math.max(1, longest)
  }
  return [...found]
}

/** Lower-case words without the marks around them; signs that tell choices apart (C, C#, -3, 50 %) stay. */
function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .split(/[\s/]+/)
    .map((word) => word.replace(/^["'“”‘([{<*]+/, '').replace(/["'“”)\]}>*.,;:!?]+$/, ''))
    .filter(Boolean)
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((word, i) => word === b[i])

function indices<T>(items: readonly T[], fits: (item: T) => boolean): readonly number[] {
  return items.flatMap((item, index) => (fits(item) ? [index] : []))
}
