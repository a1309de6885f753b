import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { once } from '../../once.js'
import type { WeightSource } from '../../runtime/runtime.js'
import { type ChatTokenizer, withSystem } from '../../text/chat.js'
import { readTokenizer } from '../../text/open-tokenizer.js'
import { openBlockFile, type StoredBlocks } from '../../weights/block-tensors.js'
import { type Bits, BLOCK_SIZE } from '../../weights/blocks.js'
import { readTensor, type StoredTensor, writeSafetensors } from '../../weights/safetensors.js'
import { writeAtomically } from '../../weights/write-atomically.js'
import { type Bases, baseOf, baseWeights } from '../bases/bases.js'
import type { ChosenBases } from '../bases/chosen-bases.js'
import { type BaseOptions, openBases } from '../bases/open-bases.js'
import { blockCopy } from '../checkpoints/block-copy.js'
import { checkTensors } from '../checkpoints/check-tensors.js'
import { fingerprint, type StoredModel } from '../checkpoints/checkpoint.js'
import { fittingTokenizer } from '../checkpoints/fitting-tokenizer.js'
import { type CopyOptions, mappedWeights } from '../checkpoints/float32-copy.js'
import { type ModelDescription, readDescription, writeDescription } from '../config/model-description.js'
import { isRounded } from '../network/matrices.js'
import { modelParameters } from '../network/parameters.js'
import { modelCard } from './model-card.js'

export interface ModelToSave {
  readonly config: ModelDescription
  /** All weights, but for those that the bases give. */
  readonly parameters: Iterable<{
    readonly name: string
    readonly shape: readonly number[]
    readonly data: Float32Array
  }>
  /** Where the tokenizer's files are copied from. A model on a base has the base's. */
  readonly tokenizerFolder: string | undefined
  /** What the weights are stored as. @default 'F32' */
  readonly dtype?: 'F32' | 'F16'
}

export interface OpenedModel {
  readonly folder: string
  readonly config: ModelDescription
  /** Each weight's numbers: float32 and blocks stay in their file, half precision is widened into memory. */
  readonly weights: (name: string) => WeightSource | undefined
  /** Made when it is first asked for. @throws PalError for one that is malformed, or of more tokens than the model has embeddings */
  readonly tokenizer: () => ChatTokenizer
}

const WEIGHTS = 'model.safetensors'
/** The files of a tokenizer. What tells of one that it is whole comes last. */
export const TOKENIZER_FILES: readonly string[] = [
  'tokenizer.json',
  'chat_template.jinja',
  'generation_config.json',
  'tokenizer_config.json',
]

/** Copies the files of a tokenizer, those that there are, from one model's folder into another's. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  const files = TOKENIZER_FILES.filter((name) => existsSync(join(from, name)))
  for (const name of files) await copyFile(join(from, name), join(to, name))
}

/**
 * Writes a model as a folder that needs nothing else but its bases, if it has any: `config.json`,
 * `model.safetensors`, the tokenizer and a card. The configuration comes last, so that a folder that has one is whole.
 */
export async function saveModel(
  folder: string,
  { config, parameters, tokenizerFolder, dtype = 'F32' }: ModelToSave,
): Promise<void> {
  const tensors = [...parameters].map((parameter) => ({ ...parameter, dtype }))
  await mkdir(folder, { recursive: true })
  await writeSafetensors(join(folder, WEIGHTS), tensors)
  if (tokenizerFolder !== undefined) await copyTokenizer(tokenizerFolder, folder)
  const count = tensors.reduce((sum, { data }) => sum + data.length, 0)
  await writeAtomically(join(folder, 'README.md'), modelCard(config, count))
  await writeDescription(folder, config)
}

/**
 * Opens a model's folder, and the bases that it names.
 * @param chosen where the bases are, if they are not to be looked for
 * @param options.bits has the language model's matrices in blocks, if they are not anyway; those are made once, in the cache
 * @throws PalError naming the file, and the key or tensor that is missing, unknown or of another shape; and for a base
 *   that is not found, or is another than the model was trained on; and for other bits than a model was rounded to
 */
export async function openModel(
  folder: string,
  chosen: ChosenBases = {},
  options: BaseOptions = {},
): Promise<OpenedModel> {
  const config = roundedTo(options.bits, await readDescription(folder), folder)
  const stored = await openStored(join(folder, WEIGHTS), config)
  const bits = config.quantization?.bits
  const rounding = bits ? { ...options, bits } : options
  const read = config.bases?.llm ? undefined : await readTokenizer(folder)
  const bases = await openBases(folder, config, chosen, rounding)
  const { llm, system } = config.model
  const tokenizer = once(() => {
    const made = (bases.llm?.tokenizer ?? read!)()
    return withSystem(fittingTokenizer(made, llm, join(folder, 'tokenizer.json')), system)
  })
  const own = await ownWeights(stored, bases, { ...rounding, beforeCopy: tokenizer })
  const given = baseWeights(bases)
  return { folder, config, weights: (name) => own(name) ?? given(name), tokenizer }
}

function roundedTo(bits: Bits | undefined, config: ModelDescription, folder: string): ModelDescription {
  const { quantization } = config
  if (bits === undefined || bits === quantization?.bits) return config
  if (!quantization)
    return { ...config, name: `${config.name}-${bits}bit`, quantization: { bits, blockSize: BLOCK_SIZE } }
  throw new PalError(
    `expected a model of ${bits} bits or of full precision, got one of ${quantization.bits} bits`,
    {
      file: join(folder, 'config.json'),
      key: 'quantization.bits',
      hint: 'Ask it as it is, or the model that it was made of: rounding twice loses more.',
    },
  )
}

interface Stored {
  readonly file: string
  readonly blocks: ReadonlyMap<string, StoredBlocks>
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/** What the folder has itself: all weights of the parts that have no base, and any of those that have one. */
async function openStored(file: string, { model, bases }: ModelDescription): Promise<Stored> {
  const { blocks, others: tensors } = await openBlockFile(file)
  const stored = new Map<string, StoredTensor | StoredBlocks>([...tensors, ...blocks])
  const expected = [...modelParameters(model)].filter(([name]) => stored.has(name) || !baseOf(bases, name))
  checkTensors(file, stored, new Map(expected))
  return { file, blocks, tensors }
}

/**
 * The runtime takes the weights of a program either from memory or from files, so what runs together with a base's, or with
 * blocks, is mapped, too.
 */
async function ownWeights(
  { file, blocks, tensors }: Stored,
  bases: Bases,
  options: CopyOptions,
): Promise<OpenedModel['weights']> {
  const { bits } = options
  const model = storedModel(file, tensors)
  if (bits && blocks.size === 0) {
    if (hasMatrices(model)) {
      const rounded = await blockCopy(model, await fingerprint(model), bits, { ...options, within: 'llm.' })
      return (name) => rounded.get(name)
    }
    if (!bases.llm) throw nothingToRound(file)
  }
  if (bases.llm || bases.encoders.size > 0) {
    const mapped = await mappedWeights(model, await fingerprint(model), options)
    return (name) => blocks.get(name) ?? mapped.get(name)
  }
  const widened = new Map<string, Float32Array>()
  for (const [name, tensor] of tensors) {
    if (tensor.dtype !== 'F32') widened.set(name, await readTensor(tensor))
  }
  return (name) => widened.get(name) ?? blocks.get(name) ?? tensors.get(name)
}

/** Whether any of the language model's can be in blocks. */
function hasMatrices({ tensors }: StoredModel): boolean {
  return [...tensors].some(([name, { shape }]) => isRounded({ name, shape }, 'llm.'))
}

function nothingToRound(file: string): PalError {
  return new PalError('expected matrices whose rows are multiples of 32 weights, to be rounded, got none', {
    file,
    hint: 'Ask the model as it is, without bits.',
  })
}

function storedModel(file: string, tensors: ReadonlyMap<string, StoredTensor>): StoredModel {
  const entries = [...tensors].map(([name, tensor]) => {
    return [name, { shape: tensor.shape, stored: tensor, read: () => readTensor(tensor) }] as const
  })
  return { config: {}, tensors: new Map(entries), file }
}
