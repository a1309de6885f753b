import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder } from '../../cache-folder.js'
import { PalError } from '../../errors.js'
import type { BlockSource } from '../../runtime/runtime.js'
import type { Matrix } from '../../weights/block-tensors.js'
import type { Bits } from '../../weights/blocks.js'
import {
  openSafetensors,
  type StoredTensor,
  sizeOf,
  type TensorToWrite,
  writeSafetensors,
} from '../../weights/safetensors.js'
import { writing } from '../../weights/writing.js'
import type { StoredModel, StoredNumbers } from './checkpoint.js'

/** Goes into a copy's name. To be raised when weights are converted otherwise than before. */
const CONVERSION = 1

export interface CopyOptions {
  /** The folder that copies are kept in. @default cacheFolder() */
  readonly cache?: string
  /** Have the matrices of a language model in blocks of so many bits. @default float32 */
  readonly bits?: Bits
  /** Told of each tensor that is converted: bytes of float32 that have been, and bytes in all. */
  readonly onProgress?: (done: number, total: number) => void
  /** Stops a copy between two tensors; nothing is left of it. @default none */
  readonly signal?: AbortSignal | undefined
  /** Is called before a copy is written, with the fingerprint of what it is made of, and throws where it would be of no use. */
  readonly beforeCopy?: (sha256: string) => void
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
 * A model's weights as a file of float32, which the runtime maps instead of reading.
 * @throws PalError if the copy cannot be written
 */
export async function float32Copy(
  model: StoredModel,
  sha256: string,
  options: CopyOptions = {},
): Promise<ReadonlyMap<string, StoredTensor>> {
  const place = (key: string) => join('float32', key)
  const copy = await weightsCopy(model, sha256, { ...options, place }, ({ name, shape, read }) => [
    { name, shape, data: read },
  ])
  return (await openSafetensors(copy)).tensors
}

/**
 * The path of a file of a model's weights in another form, written at the first time that the model is opened so, and found
 * from then on; one that is damaged is written anew. It is named by the fingerprint and by the time and size of the files that it was made of, so a model that has
 * changed gets another.
 * @param place of a copy in the cache, by that name
 * @param form what is written of a tensor
 * @throws PalError if it cannot be written
 */
export async function weightsCopy(
  { tensors, file }: StoredModel,
  sha256: string,
  {
    place,
    cache = cacheFolder(),
    onProgress = () => undefined,
    signal,
    beforeCopy = () => undefined,
  }: CopyOptions & { readonly place: (key: string) => string },
  form: (tensor: Matrix) => readonly TensorToWrite[],
): Promise<string> {
  const origins = [...new Set([...tensors.values()].map(({ stored }) => stored.file))].sort()
  const copy = join(cache, `${place(await key(sha256, origins))}.safetensors`)
  if (await isWhole(copy)) return copy
  beforeCopy(sha256)
  let done = 0
  const total = [...tensors.values()].reduce((sum, { shape }) => sum + 4 * countOf(shape), 0)
  const written = [...tensors].flatMap(([name, { shape, read }]) =>
    form({
      name,
      shape,
      read: async () => {
        signal?.throwIfAborted()
        const numbers = await read()
        done += numbers.byteLength
        onProgress(done, total)
        return numbers
      },
    }),
  )
  const mebibytes = Math.ceil(written.reduce((sum, tensor) => sum + sizeOf(tensor), 0) / 2 ** 20)
  const hint = 'Set PAL_CACHE to a folder that can be written to and has room for it.'
  await writing(`a copy of ${file}, ${mebibytes} MiB`, { file: copy, hint }, async () => {
    await mkdir(dirname(copy), { recursive: true })
    await writeSafetensors(copy, written, { from: file })
  })
  return copy
}

/** Whether there is a copy that nothing was cut off from or written over. It is ours, so one that is damaged is made anew. */
async function isWhole(copy: string): Promise<boolean> {
  if (!existsSync(copy)) return false
  try {
    await openSafetensors(copy)
    return true
  } catch (error) {
    if (error instanceof PalError) return false
    throw error
  }
}

/** Names a copy by what it was made of. */
async function key(sha256: string, origins: readonly string[]): Promise<string> {
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
