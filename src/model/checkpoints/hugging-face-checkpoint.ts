import { realpath } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { PalError } from '../../errors.js'
import { nameInCache, writeModelName } from '../../hub/model-name.js'
import { fromHuggingFace } from '../../llm/from-hugging-face.js'
import { readText } from '../../reading.js'
import { readTokenizer } from '../../text/open-tokenizer.js'
import { isScales, readBlocks, type StoredBlocks, storedBlocks } from '../../weights/block-tensors.js'
import { openWeights } from '../../weights/open-weights.js'
import { readTensor, type StoredTensor } from '../../weights/safetensors.js'
import type { Checkpoint, CheckpointTensor } from './checkpoint.js'

/**
 * A folder as Hugging Face Transformers writes it: `config.json`, weights as safetensors in one file or in shards,
 * and the tokenizer.
 * @throws PalError naming the file, and the key or tensor, for what is missing, malformed or not supported
 */
export async function huggingFaceCheckpoint(folder: string): Promise<Checkpoint> {
  const config = fromHuggingFace(await readJson(join(folder, 'config.json')), join(folder, 'config.json'))
  const stored = await openWeights(folder)
  const blocks = storedBlocks(stored)
  const tensors = new Map<string, CheckpointTensor>()
  for (const [name, tensor] of stored) {
    if (isSuperfluous(name, config.tieEmbeddings) || isScales(name, stored)) continue
    const inBlocks = blocks.get(name)
    tensors.set(name, inBlocks ? await asBlocks(inBlocks) : await inItsPlace(tensor))
  }
  return { name: nameOf(folder), config, tokenizer: await readTokenizer(folder), tensors, file: folder }
}

/**
 * What older versions of Transformers saved beside the weights: tables that are computed, and the output head where
 * it is the embedding table.
 */
function isSuperfluous(name: string, tieEmbeddings: boolean): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (tieEmbeddings && name === 'lm_head.weight')
}

/** A tensor where it lies. @throws PalError for one of whole numbers */
export async function inItsPlace(tensor: StoredTensor): Promise<CheckpointTensor> {
  const { name, shape, dtype, offset, byteLength } = tensor
  if (!FLOATS.includes(dtype)) {
    throw new PalError(`expected weights of ${FLOATS.join(', ')}, got ${dtype}`, {
      file: tensor.file,
      key: name,
      hint: 'Weights of whole numbers belong to a quantised model. Choose the one that it was made of.',
    })
  }
  // A hub's cache has links in its folders, and the runtime maps nothing that a link leads to.
  const file = await realpath(tensor.file)
  return { shape, stored: { dtype, file, offset, byteLength }, read: () => readTensor(tensor) }
}

/** What `pal quantize` wrote. */
async function asBlocks(matrix: StoredBlocks): Promise<CheckpointTensor> {
  const [values, scales] = await Promise.all(
    [matrix.values, matrix.scales].map(async (tensor) => ({ ...tensor, file: await realpath(tensor.file) })),
  )
  const blocks = { bits: matrix.bits, blockSize: matrix.blockSize, values: values!, scales: scales! }
  return { shape: matrix.shape, stored: values!, blocks, read: () => readBlocks(matrix) }
}

const FLOATS: readonly string[] = ['F32', 'F16', 'BF16']

/** The name of a folder or GGUF file, or in a hub's cache the model's, whose folder is called by a revision. */
export function nameOf(path: string): string {
  const place = resolve(path)
  const onHub = nameInCache(place)
  return onHub ? writeModelName(onHub) : basename(place, '.gguf')
}

async function readJson(file: string): Promise<unknown> {
  const kind = 'the configuration of a language model'
  const text = await readText(file, kind)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected ${kind}, as JSON`, { file, cause })
  }
}
