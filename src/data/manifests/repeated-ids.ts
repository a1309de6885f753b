import { type Place, placeName } from '../place.js'
import type { RowMistake } from './row-mistake.js'

/**
 * Answers are kept and found by the ids of their questions, so that no two questions may share one: to be asked of each, in their
 * order. A mistake names the question that has the id already, by its place or else by its number.
 */
export function repeatedIds(): (question: Identified) => RowMistake | undefined {
  const seen = new Map<string, string>()
  let number = 0
  return ({ id, place }) => {
    number++
    const before = seen.get(id)
    if (before === undefined) {
      seen.set(id, place ? placeName(place) : `question ${number}`)
      return undefined
    }
    return {
      message: `expected an id that no other question has, got "${id}" again, which is that of ${before}`,
      key: 'id',
      hint: 'Give each question an id of its own; a row of a manifest without one is called by its number.',
    }
  }
}

interface Identified {
  readonly id: string
  readonly place?: Place
}
