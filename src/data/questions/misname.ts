import type { Random } from '../../random.js'
import type { SceneEvent } from '../scenes/scene.js'
import type { Vocabulary } from './task.js'
import { absentLabels } from './timeline.js'

/**
 * A timeline as somebody tells it who knows better than the ear: sounds go by another label of their kind, one that is not there, of each
 * kind at most one, so that which sound is meant still follows from the others.
 * @param chance for each kind that is heard
 */
export function misname(
  events: readonly SceneEvent[],
  random: Random,
  vocabulary: Vocabulary,
  chance: number,
): { readonly told: readonly SceneEvent[]; readonly misnamed: readonly SceneEvent[] } {
  const told = [...events]
  const misnamed: SceneEvent[] = []
  for (const kind of new Set(events.map((event) => event.kind))) {
    const others = absentLabels(events, vocabulary).filter((other) => other.kind === kind)
    if (others.length === 0 || !random.chance(chance)) continue
    const chosen = random.pick(events.filter((event) => event.kind === kind))
    const renamed = { ...chosen, label: random.pick(others).label }
    told[events.indexOf(chosen)] = renamed
    misnamed.push(renamed)
  }
  return { told, misnamed }
}
