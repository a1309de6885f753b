import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { PalError } from '../errors.js'
import type { BlockSource } from '../runtime/runtime.js'
import type { Bits } from '../weights/blocks.js'
import { openSafetensors, type StoredTensor, writeSafetensors } from '../weights/safetensors.js'
import type { StoredModel, StoredNumbers } from './checkpoint.js'

/** Goes into a copy's name. To be raised when weights are converted otherwise than before. */
const CONVERSION = 1

export interface CopyOptions {
  /** The folder that copies are kept in. @default cacheFolder() */
  readonly cache?: string
  /** Have the matrices of a language model in blocks of so many bits. @default float32 */
  readonly bits?: Bits
  /** Have them as float32, but with the numbers that blocks of so many bits would stand for: to train beside. */
  readonly roundedTo?: Bits
  /** Told of each tensor that is converted: bytes written, and bytes in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Where a model's weights lie, to be mapped: where they are if they are float32 or in blocks, else as float32 in a copy.
 * @throws PalError if the copy cannot be written
 */
export async function mappedWeights(
  model: StoredModel,
  sha256: string,
  options: CopyOptions = {},
): Promise<ReadonlyMap<string, StoredNumbers | BlockSource>> {
  const inPlace = [...model.tensors.values()].every(({ stored, blocks }) => stored.dtype === 'F32' || blocks)
  if (!inPlace) return float32Copy(model, sha256, options)
  return new Map([...model.tensors].map(([name, { stored, blocks }]) => [name, blocks ?? stored]))
}

/**
 * A model's weights as a file of float32, which the runtime maps instead of reading: converted at the first time
 * that the model is opened, and found from then on. The file is named by the fingerprint and by the time and size of
 * the files that it was made of, so a model that has changed gets another.
 * @throws PalError if the copy cannot be written
 */
export async function float32Copy(
  { tensors, file }: StoredModel,
  sha256: string,
  { cache = cacheFolder(), onProgress = () => undefined }: CopyOptions = {},
): Promise<ReadonlyMap<string, StoredTensor>> {
  const origins = [...new Set([...tensors.values()].map(({ stored }) => stored.file))].sort()
  const copy = join(cache, 'float32', `${await key(sha256, origins)}.safetensors`)
  if (!existsSync(copy)) {
    let done = 0
    const total = [...tensors.values()].reduce((sum, { shape }) => sum + 4 * countOf(shape), 0)
    const converted = [...tensors].map(([name, { shape, read }]) => ({
      name,
      shape,
      data: async () => {
        const numbers = await read()
        done += numbers.byteLength
        onProgress(done, total)
        return numbers
      },
    }))
    try {
      await mkdir(dirname(copy), { recursive: true })
      await writeSafetensors(copy, converted, { from: file })
    } catch (cause) {
      if (cause instanceof PalError) throw cause
      throw new PalError(
        `expected to write a float32 copy of ${file}, ${Math.ceil(total / 2 ** 20)} MiB: ${(cause as Error).message}`,
        { file: copy, hint: 'Set PAL_CACHE to a folder with room for it.', cause },
      )
    }
  }
  return (await openSafetensors(copy)).tensors
}

/** Where what can be made again is kept: PAL_CACHE, or a folder of ours in the user's cache. */
export function cacheFolder(): string {
  const { PAL_CACHE, XDG_CACHE_HOME } = process.env
  return PAL_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'pal-audio')
}

/** Names a copy by what it was made of. */
export async function key(sha256: string, origins: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`${CONVERSION} ${sha256}`)
  for (const file of origins) {
    const { size, mtimeMs } = await stat(file)
    hash.update(`${file} ${size} ${mtimeMs}`)
  }
  return hash.digest('hex').slice(0, 32)
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
