import { isDenial, normalize } from '../../data/questions/normalize.js'

/** Whether a word takes back what stands beside it. @param word lower-case, with its apostrophe, without marks around it */
export const denies = (word: string): boolean =>
  isDenial(normalize(word)) || /n't$/.test(word) || RETRACTIONS.has(word)

const RETRACTIONS: ReadonlySet<string> = new Set(['cannot', 'nor', 'wrong', 'incorrect', 'false'])

/**
 * Whether something is denied besides the words that count. Behind words that deny something themselves, this may be
 * their reason: "No, it does not."
 * @param denying of each word of an answer, whether it denies
 * @param places those of the words that count
 */
export function isTakenBack(denying: readonly boolean[], places: ReadonlySet<number>): boolean {
  const denials = [...denying.keys()].filter((i) => denying[i])
  const end = denials.some((i) => places.has(i)) ? Math.min(...places) : denying.length
  return denials.some((i) => i < end && !places.has(i))
}
