import type { Random } from '../../random.js'
import type { ClipKind } from '../clips/clip.js'
import type { SceneEvent } from '../scenes/scene.js'
import type { Named } from './labels.js'
import type { Vocabulary } from './task.js'

/** The events that are not background, in time. */
export function heard(events: readonly SceneEvent[]): SceneEvent[] {
  return events.filter((event) => event.kind !== 'background').sort((a, b) => a.startSeconds - b.startSeconds)
}

export const distinct = <T extends Named>(events: readonly T[]): T[] =>
  events.filter((event, i) => events.findIndex((other) => other.label === event.label) === i)

/** Without repeats that follow one another: what one would list when asked what there was. */
export const collapsed = (events: readonly SceneEvent[]): SceneEvent[] =>
  events.filter((event, i) => event.label !== events[i - 1]?.label)

/** Events whose label occurs once: "the rain" then says which one is meant. */
export const unique = (events: readonly SceneEvent[]): SceneEvent[] =>
  events.filter((event) => events.filter((other) => other.label === event.label).length === 1)

/**
 * A label that is not in the scene: half of the time of a kind that is (the hard ones), else of one that is
 * not. Undefined when the vocabulary has no other label.
 */
export function absentLabel(
  events: readonly Named[],
  random: Random,
  vocabulary: Vocabulary,
  taken: readonly Named[] = [],
): Named | undefined {
  const kinds = new Set(events.map((event) => event.kind))
  const candidates = absentLabels([...events, ...taken], vocabulary)
  const near = candidates.filter(({ kind }) => kinds.has(kind))
  const far = candidates.filter(({ kind }) => !kinds.has(kind))
  const [chosen, other] = random.chance(0.5) ? [near, far] : [far, near]
  const from = chosen.length > 0 ? chosen : other
  return from.length > 0 ? random.pick(from) : undefined
}

/** Every label of the vocabulary that is not among these. */
export function absentLabels(events: readonly Named[], vocabulary: Vocabulary): Named[] {
  const present = new Set(events.map((event) => event.label))
  return (Object.keys(vocabulary) as ClipKind[])
    .flatMap((kind) => vocabulary[kind].map((label) => ({ label, kind })))
    .filter(({ label }) => !present.has(label))
}
