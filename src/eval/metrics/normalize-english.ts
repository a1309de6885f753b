import { americanSpelling } from './american-spelling.js'
import { SPACES, withoutBrackets, withoutSymbolsAndDiacritics } from './normalize-basic.js'
import { normalizeNumbers } from './normalize-numbers.js'
import { pythonRegExp } from './python-regexp.js'

/**
 * Whisper's normaliser for English (Radford et al. 2022, appendix C; `EnglishTextNormalizer` of
 * whisper/normalizers/english.py): the basic one's work, and contractions written out, numbers as digits, American
 * spelling, no "uh" and "um". Equal to the reference for digits that are ASCII.
 */
export function normalizeEnglish(text: string): string {
  let words = withoutBrackets(text.toLowerCase()).replaceAll(FILLERS, '').replaceAll(SPACED_APOSTROPHE, "'")
  for (const [pattern, written] of writtenOut()) words = words.replaceAll(pattern, written)
  words = words.replaceAll(/(\d),(\d)/g, '$1$2').replaceAll(/\.([^0-9]|$)/gu, ' $1')
  words = withoutSymbolsAndDiacritics(words, '.%$¢€£')
  words = normalizeNumbers(words).split(' ').map(americanSpelling).join(' ')
  // Signs that no number wants after all.
  return words
    .replaceAll(/[.$¢€£]([^0-9])/gu, ' $1')
    .replaceAll(/([^0-9])%/gu, '$1 ')
    .replaceAll(SPACES, ' ')
}

const FILLERS = pythonRegExp(String.raw`\b(?:hmm|mm|mhm|mmm|uh|um)\b`)
const SPACED_APOSTROPHE = pythonRegExp(String.raw`\s+'`)

/** In this order: an earlier one may leave what a later one takes. */
const contractions: Readonly<Record<string, string>> = {
  ...{ "won't": 'will not', "can't": 'can not', "let's": 'let us', "ain't": 'aint', "y'all": 'you all' },
  ...{ wanna: 'want to', kinda: 'kind of', sorta: 'sort of', dunno: 'do not know', gotta: 'got to' },
  ...{ gonna: 'going to', "i'ma": 'i am going to', imma: 'i am going to', woulda: 'would have' },
  ...{ coulda: 'could have', shoulda: 'should have', cause: 'because', "ma'am": 'madam' },
}

const titles: Readonly<Record<string, string>> = {
  ...{ mr: 'mister', mrs: 'missus', st: 'saint', dr: 'doctor', prof: 'professor', capt: 'captain' },
  ...{ gov: 'governor', ald: 'alderman', gen: 'general', sen: 'senator', rep: 'representative' },
  ...{ pres: 'president', rev: 'reverend', hon: 'honorable', asst: 'assistant', assoc: 'associate' },
  ...{ lt: 'lieutenant', col: 'colonel', jr: 'junior', sr: 'senior', esq: 'esquire' },
}

const endings: Readonly<Record<string, string>> = {
  ...{ "'d been": 'had been', "'s been": 'has been', "'d gone": 'had gone', "'s gone": 'has gone' },
  ...{ "'d done": 'had done', "'s got": 'has got', "n't": 'not', "'re": 'are', "'s": 'is', "'d": 'would' },
  ...{ "'ll": 'will', "'t": 'not', "'ve": 'have', "'m": 'am' },
}

let patterns: readonly (readonly [RegExp, string])[] | undefined

/** What is replaced, and by what. Made when a first text is normalised: the patterns take longer than all else that is loaded here. */
function writtenOut() {
  patterns ??= [
    ...Object.entries(contractions).map(([word, full]) => [pythonRegExp(`\\b${word}\\b`), full] as const),
    ...Object.entries(titles).map(([word, full]) => [pythonRegExp(`\\b${word}\\b`), `${full} `] as const),
    ...Object.entries(endings).map(([end, full]) => [pythonRegExp(`${end}\\b`), ` ${full}`] as const),
  ]
  return patterns
}
