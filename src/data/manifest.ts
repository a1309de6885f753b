import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { PalError } from '../errors.js'
import { type Example, exampleOf } from './example.js'
import { readShardExamples } from './shards/shard-examples.js'
import { isShards } from './shards/shard-files.js'
import { audioFile } from './stored-audio.js'

/**
 * The examples of a manifest: JSON lines, one example each, audio paths relative to the manifest; or the rows of
 * parquet files and the samples of tar shards (see `shardFiles` for how several are named).
 * @throws PalError naming the file, the line or the row, and the key of the first mistake.
 */
export async function readManifest(path: string): Promise<readonly Example[]> {
  return (await isShards(path)) ? readShardExamples(path) : readLines(path)
}

async function readLines(path: string): Promise<readonly Example[]> {
  const file = resolve(path)
  const lines = (await readText(file)).split(/\r?\n/)
  const examples = lines.flatMap((text, i) => (text.trim() ? [readLine(text, file, i + 1)] : []))
  if (examples.length === 0) throw new PalError('expected at least one row, got an empty manifest', { file })
  return examples
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '')
  } catch (cause) {
    throw new PalError('expected a manifest that can be read', { file, cause })
  }
}

function readLine(text: string, file: string, line: number): Example {
  return exampleOf(parseJson(text, file, line), {
    place: { file, line },
    id: String(line),
    locate: (written) => audioFile(resolve(dirname(file), written)),
  })
}

function parseJson(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected one JSON object on the line: ${(cause as Error).message}`, {
      file,
      line,
      cause,
    })
  }
}
