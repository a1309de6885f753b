import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { blocksToWrite, openBlockFile } from '../../weights/block-tensors.js'
import { type Bits, BLOCK_SIZE, fromBlocks } from '../../weights/blocks.js'
import { openWeights } from '../../weights/open-weights.js'
import {
  readTensor,
  type StoredTensor,
  type TensorToWrite,
  writeSafetensors,
} from '../../weights/safetensors.js'
import { writeAtomically } from '../../weights/write-atomically.js'
import { writing } from '../../weights/writing.js'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { huggingFaceCheckpoint } from '../checkpoints/hugging-face-checkpoint.js'
import {
  isModelFolder,
  type ModelDescription,
  readDescription,
  writeDescription,
} from '../config/model-description.js'
import { isRounded } from '../network/matrices.js'
import { modelCard, roundedCard } from './model-card.js'
import { copyTokenizer } from './model-folder.js'

export interface QuantizeOptions {
  readonly bits: Bits
  /** Where the quantised model goes. */
  readonly out: string
  readonly onProgress?: (done: number, total: number) => void
}

/** What quantising did. */
export interface Quantized {
  readonly folder: string
  readonly bits: Bits
  /** Weights in blocks; those that stay as they are, such as norms, encoders and connectors; and those that became float32. */
  readonly matrices: number
  readonly others: number
  readonly widened: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** The root mean square of what rounding changed, relative to that of the numbers. */
  readonly relativeError: number
  /** The language model is the base's, and is rounded into the cache when the folder is first opened. */
  readonly roundsBase: boolean
}

/**
 * Rounds the matrices of a language model to blocks of 4 or 8 bits: projections, embeddings and the output head. The
 * rest is not rounded. The result is a folder that opens like the one it was made of, a model that hears or a
 * language model in Hugging Face's layout, and can be used but not trained further. Where a model's language model is
 * its base's, the folder says so, and the base is rounded into the cache when the folder is first opened.
 *
 * @throws PalError for a folder without a model, one that is quantised already, and for a place of the result where
 *   something is already
 */
export async function quantizeModel(
  folder: string,
  { bits, out, onProgress = () => undefined }: QuantizeOptions,
): Promise<Quantized> {
  await expectNothingIn(out)
  const described = (await isModelFolder(folder)) ? await readDescription(folder) : undefined
  const { name } = described ?? (await usableCheckpoint(folder))
  const stored = await openWeights(folder)
  const within = described ? 'llm.' : ''
  const chosen = new Set(
    [...stored].flatMap(([name, { shape }]) => (isRounded({ name, shape }, within) ? [name] : [])),
  )
  await refuseRounded(folder, described, stored)
  const roundsBase = described?.bases?.llm !== undefined
  if (chosen.size === 0 && !roundsBase) {
    throw new PalError('expected matrices whose rows are multiples of 32 weights, got none', { file: folder })
  }

  let [done, changed, whole, widened] = [0, 0, 0, 0]
  const written: TensorToWrite[] = [...stored].flatMap(([name, tensor]) => {
    const read = () => readTensor(tensor)
    if (!chosen.has(name)) {
      const dtype = typeBeside(name, tensor, described)
      if (dtype !== tensor.dtype) widened++
      return [{ name, shape: tensor.shape, data: read, dtype }]
    }
    return blocksToWrite({ name, shape: tensor.shape, read }, bits, (numbers, blocks) => {
      const rounded = fromBlocks(blocks, bits)
      for (const [i, number] of numbers.entries()) {
        changed += (rounded[i]! - number) ** 2
        whole += number * number
      }
      onProgress(++done, chosen.size)
    })
  })
  const hint = 'Choose another folder with --out, one that can be written to and has room for it.'
  await writing('the quantised model', { file: out, hint }, async () => {
    await mkdir(out, { recursive: true })
    await writeSafetensors(join(out, 'model.safetensors'), written)
    await copyTokenizer(folder, out)
    await describeRounded({ folder, name, described, parameters: countOf(stored) }, out, bits)
  })
  return {
    folder: out,
    bits,
    matrices: chosen.size,
    others: stored.size - chosen.size - widened,
    widened,
    bytesBefore: sizeOf(stored),
    bytesAfter: sizeOf(await openWeights(out)),
    relativeError: chosen.size > 0 ? Math.sqrt(changed / whole) : 0,
    roundsBase,
  }
}

/** Nothing of the user's may be written over, a model or not. */
async function expectNothingIn(out: string): Promise<void> {
  const found = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (found?.length === 0) return
  const got = found
    ? `one with ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''} in it`
    : 'a file'
  throw new PalError(`expected a folder that is empty or not there yet, got ${got}`, {
    file: out,
    key: '--out',
    hint: 'Name another, or empty this one.',
  })
}

/**
 * Writes the card and, last, the configuration: a folder that has one is whole. Neither says that this is the model it was
 * made of, whose card lies beside its own, for what it says of licences and training.
 */
async function describeRounded(original: Original, out: string, bits: Bits): Promise<void> {
  const { folder, described, parameters } = original
  const card = join(folder, CARD)
  if (existsSync(card)) await copyFile(card, join(out, ORIGINAL_CARD))
  const origin = { name: original.name, ...(existsSync(card) && { card: ORIGINAL_CARD }) }
  const name = `${original.name}-${bits}bit`
  if (!described) {
    await writeAtomically(join(out, CARD), roundedCard(name, bits, origin))
    return copyFile(join(folder, 'config.json'), join(out, 'config.json'))
  }
  const rounded = { ...described, name, quantization: { bits, blockSize: BLOCK_SIZE } } as const
  await writeAtomically(join(out, CARD), modelCard(rounded, parameters, origin))
  await writeDescription(out, rounded)
}

/** The model that is rounded. */
interface Original {
  readonly folder: string
  readonly name: string
  /** Undefined for a language model in Hugging Face's layout. */
  readonly described: ModelDescription | undefined
  readonly parameters: number
}

const CARD = 'README.md'
const ORIGINAL_CARD = 'README.original.md'

/** A language model whose tokenizer can be made, too: a copy of it would be of no use otherwise. */
async function usableCheckpoint(folder: string): Promise<Checkpoint> {
  const checkpoint = await huggingFaceCheckpoint(folder)
  checkpoint.tokenizer()
  return checkpoint
}

/** A model may hold blocks itself, or say that its base is rounded, beside which it may have been trained. */
async function refuseRounded(
  folder: string,
  described: ModelDescription | undefined,
  stored: ReadonlyMap<string, StoredTensor>,
): Promise<void> {
  const blocks = [...stored.values()].find(({ dtype }) => dtype === 'U8')
  if (blocks) await openBlockFile(blocks.file)
  if (!blocks && described?.quantization === undefined) return
  throw new PalError('expected a model of full precision, got one that is quantised', {
    file: folder,
    hint: 'Quantise the model that it was made of, or train it with other bits: rounding twice loses more.',
  })
}

/**
 * What runs together with blocks is mapped with them, as float32: the runtime does not take some weights of a program
 * from a file and others from memory. Encoders run by themselves and may stay at half precision; so may everything in a model
 * that has a base, since of that the runtime is given a copy.
 */
function typeBeside(
  name: string,
  { dtype }: StoredTensor,
  described: ModelDescription | undefined,
): 'F32' | 'F16' {
  const { llm, encoders = {} } = described?.bases ?? {}
  const isCopied = llm !== undefined || Object.keys(encoders).length > 0
  const mayBeHalf = isCopied || (described && name.startsWith('encoders.'))
  return mayBeHalf && dtype === 'F16' ? 'F16' : 'F32'
}

function sizeOf(tensors: ReadonlyMap<string, StoredTensor>): number {
  return [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function countOf(tensors: ReadonlyMap<string, StoredTensor>): number {
  return [...tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  )
}
