import { createHash } from 'node:crypto'
import type { Audio } from '../audio/audio.js'
import { isTooLong, readAudio } from '../audio/read-audio.js'
import { PalError } from '../errors.js'
import { mistakeAt, type Place, placeName } from './place.js'

/** A sound as it lies on the disk: in a file of its own, in a cell of a parquet file, in a member of a tar shard. */
export interface StoredAudio {
  /** An absolute path, or a shard's or a manifest's with the place in it: what tells sounds apart, and what messages call them. */
  readonly name: string
  /**
   * The path of the sound's own file, or its bytes out of a shard.
   * @throws PalError if the shard does not hold it
   */
  readonly open: () => Promise<string | Uint8Array>
}

/** @param path absolute */
export function audioFile(path: string): StoredAudio {
  return { name: path, open: async () => path }
}

/** A sound that stands in a file of rows, called by what it holds, so that one which stands there several times is one. */
export function audioBytes(bytes: Uint8Array, file: string): StoredAudio {
  const hash = createHash('sha256').update(bytes).digest('hex')
  return { name: `${file}, audio ${hash.slice(0, 16)}`, open: async () => bytes }
}

/**
 * Decodes a sound wherever it lies, if it is no longer than an hour: what is trained on lies in memory.
 * @throws PalError as `readAudio` does
 */
export async function readStored(audio: StoredAudio, sampleRate: number): Promise<Audio> {
  const { name } = audio
  try {
    return await readAudio(await audio.open(), { sampleRate, name })
  } catch (error) {
    if (!isTooLong(error)) throw error
    // What `readAudio` advises is for who can allow more.
    const { cause } = error
    throw new PalError(cause.message, { file: name, hint: 'Cut the recording in parts.', cause })
  }
}

/** Decodes a sound that is listed somewhere, which its warnings name. @throws PalError naming it, too */
export async function readListed(audio: StoredAudio, place: Place, sampleRate: number): Promise<Audio> {
  try {
    const read = await readStored(audio, sampleRate)
    return { ...read, warnings: read.warnings.map((warning) => `${placeName(place)}: ${warning}`) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PalError(`expected audio that can be read: ${reason}`, { ...mistakeAt(place), cause })
  }
}
