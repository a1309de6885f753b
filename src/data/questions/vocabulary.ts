import type { Clip } from '../clips/clip.js'
import type { Vocabulary } from './task.js'

/** The labels of these clips by kind, sorted so that the clips' order does not change any draw. */
export function vocabularyOf(clips: readonly Pick<Clip, 'label' | 'kind'>[]): Vocabulary {
  const labels = (kind: Clip['kind']) =>
    [...new Set(clips.filter((clip) => clip.kind === kind).map((clip) => clip.label))].sort()
  return { sound: labels('sound'), digit: labels('digit'), drum: labels('drum') }
}
