import { editDistance } from './edit-distance.js'

/** The key that another is a slip of: of three letters one may be wrong, and two may have changed places. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const letters = (text: string) => [...text.toLowerCase()]
  const [best] = known
    .map((one) => ({ one, distance: editDistance(letters(key), letters(one)) }))
    .sort((a, b) => a.distance - b.distance)
  const slips = Math.max(key.length > 3 ? 2 : 1, key.length / 3)
  return best && best.distance <= slips ? best.one : undefined
}
