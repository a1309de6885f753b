import { dirname, resolve } from 'node:path'
import { PalError } from '../../errors.js'
import type { WrittenAudio } from '../dialects/dialect.js'
import { asked, type Example, exampleOf, isUnasked } from '../example.js'
import { isShards } from '../shards/shard-files.js'
import { audioBytes, audioFile, type StoredAudio } from '../stored-audio.js'
import { type JsonRow, readJsonRows } from './json-rows.js'
import { readShardExamples } from './shard-examples.js'

/** Whether a path is that of a manifest of lines or a list, by its name. */
export const isManifestFile = (path: string): boolean => /\.(jsonl|ndjson|json)$/i.test(path)

/**
 * The examples of a manifest: JSON lines or a JSON list, one example each, in any of the dialects, audio paths relative
 * to the manifest; or the rows of parquet files and the samples of tar shards (see `shardFiles` for how several are named).
 * @throws PalError naming the file, the line or the row, and the key of the first mistake.
 */
export async function readManifest(path: string): Promise<readonly Example[]> {
  return (await isShards(path)) ? readShardExamples(path) : readRows(resolve(path))
}

/**
 * As `readManifest`, to train on or to evaluate: every row asks something.
 * @param question what rows are asked that keep no question of their own, as SLAM-LLM's do
 * @throws PalError for a row without a question if none is given, and for a question if all rows have their own
 */
export async function readQuestions(path: string, question?: string): Promise<readonly Example[]> {
  const examples = await readManifest(path)
  if (question !== undefined && !examples.some(isUnasked)) {
    throw new PalError('expected rows without a question of their own, to be asked the one that is given', {
      file: path,
      key: 'question',
      hint: 'Every row asks something: leave the question out.',
    })
  }
  return examples.map((example) => asked(example, question))
}

async function readRows(file: string): Promise<readonly Example[]> {
  const rows = await readJsonRows(file)
  if (rows.length === 0) throw new PalError('expected at least one row, got an empty manifest', { file })
  return rows.map((row, i) => readRow(row, file, i + 1))
}

function readRow({ value, place }: JsonRow, file: string, number: number): Example {
  return exampleOf(value, {
    place,
    id: String(place.line ?? number),
    locate: (written) => locate(written, file),
  })
}

function locate(written: WrittenAudio, file: string): StoredAudio {
  return typeof written === 'string' ? audioFile(resolve(dirname(file), written)) : audioBytes(written, file)
}
