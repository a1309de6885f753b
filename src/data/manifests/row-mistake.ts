import { type ErrorDetails, PalError } from '../../errors.js'
import type { Example } from '../example.js'
import { mistakeAt, type Place } from '../place.js'

/** Why a row, well-formed as it is, cannot be used. */
export interface RowMistake {
  readonly message: string
  readonly key?: string
  readonly hint?: string
}

/**
 * @param where to find what has no place of its own
 * @throws PalError for a mistake
 */
export function expectNone(mistake: RowMistake | undefined, place?: Place, where: ErrorDetails = {}): void {
  if (mistake === undefined) return
  const { message, key, hint } = mistake
  throw new PalError(message, {
    ...(place ? mistakeAt(place, key) : where),
    ...(hint !== undefined && { hint }),
  })
}

/** Training draws a conversation about one audio, and evaluation asks about one. */
export function audioMistake({ audios }: Pick<Example, 'audios'>): RowMistake | undefined {
  if (audios.length === 1) return undefined
  return {
    message: `expected one audio in a row to train on or to ask about, got ${audios.length}`,
    key: 'audios',
  }
}
