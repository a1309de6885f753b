import { pythonRegExp } from './python-regexp.js'

/**
 * Whisper's normaliser for any language (Radford et al. 2022, appendix C; `BasicTextNormalizer` of
 * whisper/normalizers/basic.py): lower case, nothing in brackets, spaces for marks, symbols and punctuation.
 */
export function normalizeBasic(text: string): string {
  return withoutBrackets(text.toLowerCase())
    .normalize('NFKC')
    .replaceAll(/[\p{M}\p{S}\p{P}]/gu, ' ')
    .toLowerCase()
    .replaceAll(SPACES, ' ')
}

export const SPACES = pythonRegExp(String.raw`\s+`)

/** Without what stands in brackets or parentheses, such as "[music]". */
export function withoutBrackets(text: string): string {
  return text.replaceAll(/[<[][^>\]]*[>\]]/g, '').replaceAll(/\([^)]+?\)/g, '')
}

/** Letters without their accents; spaces for marks, symbols and punctuation, but for those to keep. */
export function withoutSymbolsAndDiacritics(text: string, keep: string): string {
  return [...text.normalize('NFKD')]
    .map((letter) => {
      if (keep.includes(letter)) return letter
      const spelled = SPELLED_OUT[letter]
      if (spelled !== undefined) return spelled
      return letter.replace(/\p{Mn}/u, '').replace(/[\p{M}\p{S}\p{P}]/u, ' ')
    })
    .join('')
}

/** Letters that Unicode does not take apart. */
const SPELLED_OUT: Readonly<Record<string, string>> = {
  ...{ œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', æ: 'ae', Æ: 'AE', ß: 'ss', ẞ: 'SS', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D' },
  ...{ þ: 'th', Þ: 'th', ł: 'l', Ł: 'L' },
}
