import type { Place } from '../place.js'
import type { StoredAudio } from '../stored-audio.js'

/** What a clip is a recording of. Digits and drums are single events and can be counted; sounds cannot. */
export type ClipKind = 'sound' | 'digit' | 'drum'

/** One labelled recording. */
export interface Clip {
  readonly audio: StoredAudio
  readonly label: string
  readonly kind: ClipKind
  readonly group: string
  /** Which recording it was cut from, as its set calls that; without it, the clip is one by itself. */
  readonly source?: string
  readonly set: string
  readonly place: Place
  /** Its line in the CSV, or which record of the shards it is, from 1. */
  readonly number: number
}

/** Tells a clip from all others of a recipe: `drums:476`. */
export const clipId = ({ set, number }: Pick<Clip, 'set' | 'number'>): string => `${set}:${number}`
