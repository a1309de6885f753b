import type { ClipKind } from './clip.js'

/** Labelled recordings that one file, or several shards, list. */
export type ClipSet = CsvSet | ShardSet

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
