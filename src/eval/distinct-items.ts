import { repeatedIds } from '../data/manifests/repeated-ids.js'
import { expectNone } from '../data/manifests/row-mistake.js'
import type { EvalItem } from './items.js'

/**
 * Answers are kept and found by the ids of their questions, so that no two questions may share one.
 * @throws PalError naming the id and the two questions that have it, by their places or else by their numbers
 */
export function expectDistinct(items: readonly Pick<EvalItem, 'id' | 'place'>[]): void {
  const repeated = repeatedIds()
  for (const [i, item] of items.entries()) {
    expectNone(repeated(item), item.place, { key: `question ${i + 1}` })
  }
}
