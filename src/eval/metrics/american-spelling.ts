import { spellings } from './spellings.js'

/** The American spelling of an English word, or the word itself. */
export function americanSpelling(word: string): string {
  return american.get(word) ?? word
}

const american: ReadonlyMap<string, string> = new Map(
  spellings
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(':') as [string, string]),
)
