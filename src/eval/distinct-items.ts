import { mistakeAt, placeName } from '../data/place.js'
import { PalError } from '../errors.js'
import type { EvalItem } from './items.js'

/**
 * Answers are kept and found by the ids of their questions, so that no two questions may share one.
 * @throws PalError naming the id and the two questions that have it, by their places or else by their numbers
 */
export function expectDistinct(items: readonly Pick<EvalItem, 'id' | 'place'>[]): void {
  const seen = new Map<string, number>()
  for (const [i, { id, place }] of items.entries()) {
    const before = seen.get(id)
    if (before === undefined) {
      seen.set(id, i)
      continue
    }
    const first = items[before]?.place
    const where = first ? placeName(first) : `question ${before + 1}`
    throw new PalError(
      `expected an id that no other question has, got "${id}" again, which is that of ${where}`,
      {
        ...(place ? mistakeAt(place, 'id') : { key: `question ${i + 1}` }),
        hint: 'Give each question an id of its own; a row of a manifest without one is called by its number.',
      },
    )
  }
}
