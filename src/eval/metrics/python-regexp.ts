/**
 * A regular expression that means what Python's `re` means by it on text: `\b`, `\w`, `\s` by Unicode, where
 * JavaScript's know ASCII only (and `\s` takes other characters). Digits stay ASCII.
 */
export function pythonRegExp(source: string, flags = 'g'): RegExp {
  const meaning = source.replaceAll(/\\[bws]/g, (letter) => MEANINGS[letter] as string)
  return new RegExp(meaning, `${flags}u`)
}

const WORD = String.raw`[\p{L}\p{N}_]`

export const PYTHON_SPACE = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`

const MEANINGS: Readonly<Record<string, string>> = {
  '\\w': WORD,
  '\\b': `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  '\\s': PYTHON_SPACE,
}
