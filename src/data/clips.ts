import { PalError } from '../errors.js'
import { readCsvClips } from './csv-clips.js'
import type { Place } from './place.js'
import { readShardClips } from './shards/shard-clips.js'
import type { StoredAudio } from './stored-audio.js'

/** What a clip is a recording of. Digits and drums are single events and can be counted; sounds cannot. */
export type ClipKind = 'sound' | 'digit' | 'drum'

interface LabelledSet {
  readonly name: string
  /** The columns of the audio and of the label. */
  readonly audio: string
  readonly label: string
  readonly kind: ClipKind
  /** The column that says which recording a clip was cut from, where several may be from one. */
  readonly source?: string | undefined
  /** New names for labels. Labels not named here keep theirs; digits 0…9 become words by themselves. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** A CSV of labelled recordings: which of its columns say what. */
export interface CsvSet extends LabelledSet {
  /** Relative to the root given to `readClips`; the audio paths in it are relative to the CSV's own folder. */
  readonly csv: string
  readonly shards?: undefined
  /** The column to split by: fold, speaker, kit. Clips of one group never lie on both sides of a split. */
  readonly group: string
}

/** Labelled recordings in parquet files or tar shards: which of their columns, members or JSON keys say what. */
export interface ShardSet extends LabelledSet {
  /** What `shardFiles` takes, relative to the root given to `readClips`. */
  readonly shards: string
  readonly csv?: undefined
  /** As with a CSV; without it the group is the split that the shard is of (see `splitOfShard`). */
  readonly group?: string | undefined
}

export type ClipSet = CsvSet | ShardSet

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

/**
 * The clips of a set, in the order of the CSV or of the shards. Audio is not opened.
 * @throws PalError naming the place and the column for a column that is absent or a value that is empty.
 */
export async function readClips(set: ClipSet, root: string): Promise<readonly Clip[]> {
  return set.shards === undefined ? readCsvClips(set, root) : readShardClips(set, root)
}

/**
 * @param key the setting that names the groups
 * @throws PalError for a group that no clip has: a misspelt speaker must not quietly end up in training.
 */
export function expectGroups(clips: readonly Clip[], groups: readonly string[], key: string): void {
  const known = [...new Set(clips.map(({ group }) => group))]
  const wrong = groups.find((group) => !known.includes(group))
  if (wrong === undefined) return
  throw new PalError(`expected a group of the clips (${known.join(', ')}), got "${wrong}"`, { key })
}
