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

/**
 * Of some that no clip has nothing is said: sets may share what they rename, and a set may be a part of one that has them all.
 * @param written the labels as the set's files have them
 * @throws PalError for new names of labels of which no clip has any: misspelt ones would rename nothing, without a word
 */
export function expectRenamed({ name, labels = {} }: ClipSet, written: Iterable<string>, file: string): void {
  const renamed = Object.keys(labels)
  const known = [...new Set(written)].sort()
  if (renamed.length === 0 || renamed.some((label) => known.includes(label))) return
  throw new PalError(
    `expected a label of the clips (${listed(known)}), got ${listed(renamed.map((label) => `"${label}"`))}`,
    {
      file,
      key: `data.sets.${name}.labels`,
    },
  )
}

function listed(labels: readonly string[]): string {
  const more = labels.length > SHOWN ? ` and ${labels.length - SHOWN} more` : ''
  return `${labels.slice(0, SHOWN).join(', ')}${more}`
}

/** So many labels fit into a message. */
const SHOWN = 20

function digitLabel(raw: string, place: Place, column: string): string {
  const word = /^\d$/.test(raw)
    ? digitWords[Number(raw)]
    : digitWords.find((name) => name === raw.toLowerCase())
  if (word) return word
  throw new PalError(`expected a digit, 0 to 9 or "zero" to "nine", got "${raw}"`, mistakeAt(place, column))
}
