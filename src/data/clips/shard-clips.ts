import { resolve } from 'node:path'
import { PalError } from '../../errors.js'
import { mistakeAt } from '../place.js'
import { fieldOf, type ShardRecord } from '../shards/shard-record.js'
import { shardRecords } from '../shards/shard-records.js'
import type { Clip } from './clip.js'
import { clipLabel, expectRenamed } from './clip-label.js'
import type { ShardSet } from './clip-set.js'

/**
 * The labelled recordings in shards, in their order.
 * @throws PalError naming shard, row or sample, and column; for new names of labels of which none is there
 */
export async function readShardClips(set: ShardSet, root: string): Promise<readonly Clip[]> {
  const clips: Clip[] = []
  const written = new Set<string>()
  const path = resolve(root, set.shards)
  // A sample of a tar shard has its audio under any name; in a parquet file a column must be what it is said to be.
  for await (const record of shardRecords(path, { audio: set.audio })) {
    clips.push(clipOf(record, set, clips.length + 1))
    written.add(fieldOf(record, set.label))
  }
  expectRenamed(set, written, path)
  return clips
}

function clipOf(record: ShardRecord, set: ShardSet, number: number): Clip {
  const { place, audios, split } = record
  const audio = audios.get(fieldOf(record, set.audio))
  if (!audio) throw new PalError('expected audio, got something else', mistakeAt(place, set.audio))
  return {
    audio,
    label: clipLabel(fieldOf(record, set.label), set, place),
    kind: set.kind,
    group: set.group === undefined ? split : fieldOf(record, set.group),
    ...(set.source !== undefined && { source: fieldOf(record, set.source) }),
    set: set.name,
    place,
    number,
  }
}
