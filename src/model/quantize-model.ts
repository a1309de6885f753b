import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PalError } from '../errors.js'
import { blocksToWrite, fitsBlocks, openBlockFile } from '../weights/block-tensors.js'
import { type Bits, BLOCK_SIZE, fromBlocks } from '../weights/blocks.js'
import { openWeights } from '../weights/open-weights.js'
import {
  readTensor,
  type StoredTensor,
  type TensorToWrite,
  writeSafetensors,
} from '../weights/safetensors.js'
import { writeAtomically } from '../weights/write-atomically.js'
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
  /** Weights in blocks, and those that stay as they are: norms, encoders, connectors. */
  readonly matrices: number
  readonly others: number
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
 * @throws PalError for a folder without a model, one that is quantised already, and one in the way of the result
 */
export async function quantizeModel(
  folder: string,
  { bits, out, onProgress = () => undefined }: QuantizeOptions,
): Promise<Quantized> {
  if (resolve(out) === resolve(folder)) {
    throw new PalError('expected another folder for the quantised model', { file: out, key: '--out' })
  }
  if (existsSync(join(out, 'config.json'))) {
    throw new PalError('expected a folder without a model in it', { file: out, key: '--out' })
  }
  const config = await readConfig(folder)
  const hears = config.format === 'pal-audio'
  const stored = await openWeights(folder)
  const chosen = new Set([...stored].filter(isMatrixOf(hears)).map(([name]) => name))
  await refuseRounded(folder, config, stored)
  const roundsBase = hears && hasLanguageModel(config.bases)
  if (chosen.size === 0 && !roundsBase) {
    throw new PalError('expected matrices whose rows are multiples of 32 weights, got none', { file: folder })
  }

  let [done, changed, whole] = [0, 0, 0]
  const written: TensorToWrite[] = [...stored].flatMap(([name, tensor]) => {
    const read = () => readTensor(tensor)
    if (!chosen.has(name)) return [{ name, shape: tensor.shape, data: read, dtype: typeBeside(name, tensor) }]
    return blocksToWrite({ name, shape: tensor.shape, read }, bits, (numbers, blocks) => {
      const rounded = fromBlocks(blocks, bits)
      for (const [i, number] of numbers.entries()) {
        changed += (rounded[i]! - number) ** 2
        whole += number * number
      }
      onProgress(++done, chosen.size)
    })
  })
  await mkdir(out, { recursive: true })
  await writeSafetensors(join(out, 'model.safetensors'), written)
  await copyTokenizer(folder, out)
  if (existsSync(join(folder, 'README.md'))) await copyFile(join(folder, 'README.md'), join(out, 'README.md'))
  const described = hears ? { ...config, quantization: { bits, blockSize: BLOCK_SIZE } } : config
  await writeAtomically(join(out, 'config.json'), `${JSON.stringify(described, null, 2)}\n`)
  return {
    folder: out,
    bits,
    matrices: chosen.size,
    others: stored.size - chosen.size,
    bytesBefore: sizeOf(stored),
    bytesAfter: sizeOf(await openWeights(out)),
    relativeError: chosen.size > 0 ? Math.sqrt(changed / whole) : 0,
    roundsBase,
  }
}

function hasLanguageModel(bases: unknown): boolean {
  return typeof bases === 'object' && bases !== null && 'llm' in bases
}

/** Is a weight one of those that are rounded: a projection, the embeddings or the output head? */
export function isMatrix(name: string): boolean {
  return MATRIX.test(name)
}

const MATRIX = /(^|\.)(embed_tokens|lm_head|self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$/

/** In a model that hears, the language model's weights begin with `llm.`. */
function isMatrixOf(hears: boolean): (entry: readonly [name: string, tensor: StoredTensor]) => boolean {
  return ([name, { shape }]) => isMatrix(name) && (!hears || name.startsWith('llm.')) && fitsBlocks(shape)
}

/** A model may hold blocks itself, or say that its base is rounded, beside which it may have been trained. */
async function refuseRounded(
  folder: string,
  { quantization }: ModelJson,
  stored: ReadonlyMap<string, StoredTensor>,
): Promise<void> {
  const blocks = [...stored.values()].find(({ dtype }) => dtype === 'U8')
  if (blocks) await openBlockFile(blocks.file)
  if (!blocks && quantization === undefined) return
  throw new PalError('expected a model of full precision, got one that is quantised', {
    file: folder,
    hint: 'Quantise the model that it was made of, or train it with other bits: rounding twice loses more.',
  })
}

/**
 * What runs together with blocks is mapped with them, as float32: the runtime does not take some weights of a program
 * from a file and others from memory. Encoders run by themselves and may stay at half precision.
 */
function typeBeside(name: string, { dtype }: StoredTensor): 'F32' | 'F16' {
  return name.startsWith('encoders.') && dtype === 'F16' ? 'F16' : 'F32'
}

function sizeOf(tensors: ReadonlyMap<string, StoredTensor>): number {
  return [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

type ModelJson = Readonly<Record<string, unknown>>

async function readConfig(folder: string): Promise<ModelJson> {
  const file = join(folder, 'config.json')
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ModelJson
  } catch (cause) {
    throw new PalError('expected the configuration of a model, as JSON', { file, cause })
  }
}
