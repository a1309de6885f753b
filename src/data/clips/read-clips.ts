import { PalError } from '../../errors.js'
import type { Clip } from './clip.js'
import type { ClipSet } from './clip-set.js'
import { readCsvClips } from './csv-clips.js'
import { readShardClips } from './shard-clips.js'

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
