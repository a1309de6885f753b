import { normalize } from './normalize.js'
import type { AnswerVocabulary } from './task.js'

/** The labels named, in the order of the text; of labels that overlap the longest one counts. */
export function labelsIn(words: readonly string[], vocabulary: AnswerVocabulary): string[] {
  return findLabels(words, vocabulary).map(({ label }) => label)
}

/** A label, and where words name it. */
export interface FoundLabel {
  readonly label: string
  /** The label itself, or another spelling of it. */
  readonly spelling: string
  /** The place of its first word. */
  readonly at: number
  /** How many words it has. */
  readonly length: number
}

/** As `labelsIn`. @param fits whether a label whose words stand there may be read there */
export function findLabels(
  words: readonly string[],
  vocabulary: AnswerVocabulary,
  fits: (found: FoundLabel) => boolean = () => true,
): readonly FoundLabel[] {
  const spellings = spellingsOf(vocabulary)
  const found: FoundLabel[] = []
  for (let at = 0; at < words.length; ) {
    const hit = spellings
      .filter((one) => one.words.every((word, i) => word === words[at + i]))
      .map(({ label, spelling, words: { length } }) => ({ label, spelling, at, length }))
      .find(fits)
    if (hit) found.push(hit)
    at += hit?.length ?? 1
  }
  return found
}

/** Whether there are labels at all that answers could be read for. */
export const knowsLabels = (vocabulary: AnswerVocabulary): boolean => spellingsOf(vocabulary).length > 0

interface Spelling {
  readonly label: string
  readonly spelling: string
  readonly words: readonly string[]
}

/** The longest first. Made once for a vocabulary: AudioSet has 527 labels and 20,000 answers. */
function spellingsOf(vocabulary: AnswerVocabulary): readonly Spelling[] {
  const known = spellings.get(vocabulary)
  if (known) return known
  const { sound, digit, drum, background = [], aliases = {} } = vocabulary
  const labels = [...sound, ...digit, ...drum, ...background].map((label) => [label, label] as const)
  const made = [...labels, ...Object.entries(aliases)]
    .map(([spelling, label]) => ({ label, spelling, words: normalize(spelling) }))
    .filter(({ words }) => words.length > 0)
    .sort((a, b) => b.words.length - a.words.length)
  spellings.set(vocabulary, made)
  return made
}

const spellings = new WeakMap<AnswerVocabulary, readonly Spelling[]>()
