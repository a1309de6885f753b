/**
 * A caption's words as the caption metrics' reference has them: the Penn Treebank tokens of Stanford's PTBTokenizer
 * (CoreNLP 3.4.1, `-lowerCase`), less the punctuation that pycocoevalcap's tokenizer/ptbtokenizer.py takes out.
 * The reference is a Java program; these are its rules for plain text, not for addresses, dates and smileys.
 *
 * What it does not take out stays a word here too: runs such as "!!", and brackets, which `-lowerCase` turns into
 * "-lrb-" and so hides from the list that names "-LRB-".
 */
export function ptbWords(text: string): string[] {
  const words: string[] = []
  for (let at = 0; at < text.length; ) {
    PLAIN_WORD.lastIndex = at
    const plainWord = PLAIN_WORD.exec(text)?.[0]
    const { token, length } =
      plainWord !== undefined && !JOINED.test(plainWord)
        ? { token: [plainWord], length: plainWord.length }
        : longestAt(text, at)
    if (token !== undefined) words.push(...token)
    at += length
  }
  return words.map((word) => word.toLowerCase()).filter((word) => !punctuation.has(word))
}

/** Most of any caption, for which no rule has to be tried. */
const PLAIN_WORD = /(?<![^\s])[a-z]+(?=,?(?:\s|$))/iy
const JOINED = /^(?:cannot|gonna|gotta|lemme|gimme|wanna)$/i

interface Rule {
  readonly pattern: RegExp
  /** What the match becomes; the match itself when absent. */
  readonly write?: (match: string) => readonly string[]
}

/** The longest match wins, of equal ones the first rule: as in the lexer that the reference is generated from. */
function longestAt(text: string, at: number): { token?: readonly string[]; length: number } {
  let best: { token?: readonly string[]; length: number } = { length: 1 }
  let longest = 0
  for (const { pattern, write } of rules) {
    pattern.lastIndex = at
    const match = pattern.exec(text)?.[0]
    if (match === undefined || match.length <= longest) continue
    longest = match.length
    best = { token: write ? write(match) : [match], length: longest }
  }
  return best
}

const letter = String.raw`[\p{L}\p{M}]`
const plain = String.raw`[\p{L}\p{M}\p{Nd}]`
const hyphen = '[-_\u2010\u2011\u058a]'
const quote = `['\u2019\u0092]`
const endOfWord = `(?!${plain})`
const notNt = `(?!${plain}*n${quote}t${endOfWord})`
const abbreviations = [
  'a\\.k\\.a a\\.m p\\.m e\\.g i\\.e vs etc mr mrs ms dr prof st rev gen sen rep gov capt col sgt lt maj hon pres',
  'jr sr bros inc ltd co corp nos dept univ assn ave blvd rd mt ft jan feb mar apr jun jul aug sept sep oct nov',
  'dec mon tue tues wed thu thurs fri approx est ed vol fig figs op al ph\\.d b\\.a m\\.d',
]
  .join(' ')
  .replaceAll(' ', '|')

const rule = (source: string, write?: Rule['write']): Rule => ({
  pattern: new RegExp(source, 'iuy'),
  ...(write && { write }),
})
const always = (word: string) => () => [word]
const straight = (match: string) => [match.replace(/[\u2019\u0092]/g, "'")]
const splitAfter = (length: number) => (match: string) => [match.slice(0, length), match.slice(length)]

const rules: readonly Rule[] = [
  rule(String.raw`\s+`, () => []),
  rule('<[/!?]?[a-z][^<>]*>'),
  rule('&(?:amp);', always('&')),
  rule('&lt;', always('<')),
  rule('&gt;', always('>')),
  rule('&quot;', always("''")),
  // Two words written as one.
  rule(`(?:cannot|gonna|gotta|lemme|gimme)${endOfWord}`, splitAfter(3)),
  rule(`(?:wanna)${endOfWord}`, splitAfter(3)),
  rule(`${quote}t(?:is|was)${endOfWord}`, splitAfter(2)),
  rule(`more(?=${quote}n${endOfWord})`),
  rule(`${quote}n${quote}?${endOfWord}`),
  rule(`${quote}(?:em|til|till|cause|${'\\d\\ds?'})${endOfWord}`),
  rule(`${quote}(?:s|m|d|re|ve|ll)${endOfWord}`, straight),
  rule(`n${quote}t${endOfWord}`, straight),
  rule(`${letter}+?(?=n${quote}t${endOfWord})`),
  // Words, with digits, hyphens and the dot or mark of a sentence that follows without a space.
  rule(`${notNt}${plain}+(?:[.!?]${letter}${plain}*)*`),
  rule(`${notNt}${plain}+(?:${hyphen}${plain}+)+`),
  rule(`${plain}+(?:-${plain}+)*(?:/${plain}+(?:-${plain}+)*)+`),
  rule(`[dol]${quote}${letter}+`),
  rule(`ma${quote}am|o${quote}clock|y${quote}(?=all)`),
  rule(`(?:[a-z]\\.)+[a-z]\\.|[a-z]\\.(?=\\s|$)|no\\.(?= \\d)`),
  rule(`(?:${abbreviations})\\.`),
  { pattern: /[A-Z]+(?:&[A-Z]+)+/y },
  rule(`c\\+\\+|[cf]#`),
  // Numbers.
  rule(String.raw`[-+]?\d*(?:[.:,]\d+)+|[-+]?\d+(?:[.:,]\d+)*`),
  rule(String.raw`\d+(?:[-/]\d+)+`),
  rule('\u00bd', always('1/2')),
  rule('\u00bc', always('1/4')),
  rule('\u00be', always('3/4')),
  rule('£', always('#')),
  rule('€', always('$')),
  rule('¢', always('cents')),
  rule(`#${letter}${plain}*|@${letter}[${'\\p{L}\\p{Nd}_'}]*`),
  // Marks.
  rule(String.raw`\.\.\.+|…|\.(?: \.){2,}`, always('...')),
  rule('[?!]+'),
  rule('--+|[\u2013\u2014\u2015]', always('--')),
  rule('``|["“”„«»]|\u2018\u2018', always("''")),
  rule(`${quote}${quote}?|[\u2018\u201b]|\``, always("'")),
  rule('\\(', always('-lrb-')),
  rule('\\)', always('-rrb-')),
  rule('\\[', always('-lsb-')),
  rule('\\]', always('-rsb-')),
  rule('\\{', always('-lcb-')),
  rule('\\}', always('-rcb-')),
  rule(String.raw`[\u{10000}-\u{10ffff}]`, () => []), // The reference drops what its 16-bit characters cannot hold.
  rule('\\*+|_+|<<|>>|\\S'),
]

const punctuation = new Set("'' ' `` ` . ? ! , : - -- ... ;".split(' '))
