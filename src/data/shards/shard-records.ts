import { PalError } from '../../errors.js'
import { type Block, weighBlock } from './parquet-audio.js'
import { Recent } from './recent.js'
import { shardFiles, shardNames } from './shard-files.js'
import type { ShardRecord } from './shard-record.js'
import { tarRecords } from './tar-records.js'

/** Bytes of audio that all parquet files opened together keep in memory, or one block of rows if that is larger. */
const KEPT = 256 * 2 ** 20

export interface ShardOptions {
  /** The column of a parquet file that must hold audio. */
  readonly audio?: string
}

/**
 * The rows and samples of all shards that a path means, in order. Texts are read now; audio stays where it is until
 * it is opened.
 * @throws PalError for a shard that cannot be read, and if there is no record in any
 */
export async function* shardRecords(path: string, { audio }: ShardOptions = {}): AsyncGenerator<ShardRecord> {
  const recent = new Recent<Block>(KEPT, weighBlock)
  let empty = true
  const files = await shardFiles(path)
  const names = shardNames(files)
  for (const [i, file] of files.entries()) {
    const name = names[i] as string
    const options = { name, recent, ...(audio !== undefined && { audio }) }
    const records = file.toLowerCase().endsWith('.tar')
      ? tarRecords(file, name)
      : (await import('./parquet-records.js')).parquetRecords(file, options)
    for await (const record of records) {
      empty = false
      yield record
    }
  }
  if (empty) throw new PalError('expected at least one row, got empty shards', { file: path })
}
