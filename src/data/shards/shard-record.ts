import { PalError } from '../../errors.js'
import { mistakeAt, type Place } from '../place.js'
import type { StoredAudio } from '../stored-audio.js'

/** A row of a parquet file, or a sample of a tar shard. */
export interface ShardRecord {
  readonly place: Place
  /** Tells it from every other record of the shards. */
  readonly id: string
  readonly split: string
  /**
   * Its columns, or what its members and the keys of its JSON hold; the empty ones are left out. Where an audio
   * stands there is its name; `audio` is the only one, `audios` lists several.
   */
  readonly fields: Readonly<Record<string, unknown>>
  /** By the names that stand in `fields`. */
  readonly audios: ReadonlyMap<string, StoredAudio>
  /** The field that says what sounds, where the shard says which one that is. */
  readonly labelField?: string
}

/**
 * The text or the number in a field, as text.
 * @throws PalError if the field is empty or holds something else
 */
export function fieldOf(record: ShardRecord, name: string): string {
  const { fields, place } = record
  const text = textIn(record, name)
  if (text !== undefined) return text
  const value = fields[name]
  const known = Object.keys(fields).join(', ')
  const got = value === undefined || value === '' ? `nothing (there are: ${known})` : JSON.stringify(value)
  throw new PalError(`expected a text or a number, got ${got.slice(0, 200)}`, mistakeAt(place, name))
}

/** The text or the number in a field, as text, if there is one. */
export function textIn({ fields }: ShardRecord, name: string): string | undefined {
  const value = fields[name]
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value.trim() || undefined : undefined
}
