import { PalError } from '../../errors.js'
import { mistakeAt, type Place } from '../place.js'
import type { ClipSet } from './clip-set.js'

/** The spoken digits' labels: `digitWords[3]` is "three". */
export const digitWords = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
] as const

/**
 * What a clip is called: as the set renames it, a digit in a word, else as it is written.
 * @throws PalError for a digit that is none
 */
export function clipLabel(written: string, { labels, kind, label }: ClipSet, place: Place): string {
  return labels?.[written] ?? (kind === 'digit' ? digitLabel(written, place, label) : written)
}

function digitLabel(raw: string, place: Place, column: string): string {
  const word = /^\d$/.test(raw)
    ? digitWords[Number(raw)]
    : digitWords.find((name) => name === raw.toLowerCase())
  if (word) return word
  throw new PalError(`expected a digit, 0 to 9 or "zero" to "nine", got "${raw}"`, mistakeAt(place, column))
}
