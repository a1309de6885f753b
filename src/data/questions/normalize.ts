import { numberWords } from './count.js'

/** Lower-case words without punctuation; hyphens part words and numerals up to ten are written out. */
export function normalize(text: string): string[] {
  const words = text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
  return words.map((word) => (/^\d+$/.test(word) ? (numberWords[Number(word)] ?? word) : word))
}

/** @param words as `normalize` makes them */
export const isDenial = (words: readonly string[]) => words.some((word) => denials.has(word))

const denials = new Set(['no', 'not', 'none', 'never', 'neither', 'isnt', 'dont'])
