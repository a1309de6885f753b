import { stat } from 'node:fs/promises'
import { PalError } from '../../errors.js'
import type { LlamaConfig } from '../../llm/config.js'
import { once } from '../../once.js'
import type { WeightSource } from '../../runtime/runtime.js'
import type { ChatTokenizer } from '../../text/chat.js'
import type { Bits } from '../../weights/blocks.js'
import type { ModelConfig } from '../config/config.js'
import { isModelFolder, readDescription } from '../config/model-description.js'
import { modelParameters } from '../network/parameters.js'
import { blockCopy } from './block-copy.js'
import { checkTensors } from './check-tensors.js'
import { type Checkpoint, fingerprint } from './checkpoint.js'
import { fittingTokenizer } from './fitting-tokenizer.js'
import { type CopyOptions, mappedWeights } from './float32-copy.js'
import { ggufCheckpoint } from './gguf-checkpoint.js'
import { huggingFaceCheckpoint } from './hugging-face-checkpoint.js'

/** A pretrained language model, open: nothing of its weights has been read yet. */
export interface OpenedLanguageModel {
  readonly name: string
  readonly config: LlamaConfig
  /** Made when it is first asked for. @throws PalError for one that is malformed, or of more tokens than the model has embeddings */
  readonly tokenizer: () => ChatTokenizer
  /** Where each weight lies, by the names of a `Network`: Hugging Face's, after `llm.`. */
  readonly weights: (name: string) => WeightSource | undefined
  /** Tells this model from every other: see `fingerprint`. */
  readonly sha256: string
}

/**
 * Opens the language model in a folder of Hugging Face's layout, or in a GGUF file.
 *
 * Float32 weights stay in their files, to be mapped. Others are converted into a copy once, in the cache, and mapped
 * from there: no weight is ever in memory twice. Given `bits`, 4 or 8, the copy has the matrices in blocks, unless they are so already.
 *
 * @throws PalError naming file and key for a model that this decoder cannot be, or whose weights are not those that
 *   its configuration describes
 */
export async function openLanguageModel(
  path: string,
  options: CopyOptions = {},
): Promise<OpenedLanguageModel> {
  const checkpoint = await openCheckpoint(path)
  const { name, config, tensors, file } = checkpoint
  checkTensors(file, tensors, decoderTensors(config))
  const tokenizer = once(() => fittingTokenizer(checkpoint.tokenizer(), config, file))
  const sha256 = await fingerprint(checkpoint)
  const beforeCopy = (sha256: string) => {
    options.beforeCopy?.(sha256)
    tokenizer()
  }
  const places = await placesOf(checkpoint, sha256, { ...options, beforeCopy })
  return { name, config, tokenizer, sha256, weights: (weight) => places.get(weight.replace(/^llm\./, '')) }
}

/** A language model that hears nothing: what `LanguageModel.compile` makes a plain text model of. */
export function withoutAudio(llm: LlamaConfig): ModelConfig {
  return { encoders: [], integration: { kind: 'plits' }, llm }
}

function placesOf(
  checkpoint: Checkpoint,
  sha256: string,
  options: CopyOptions,
): Promise<ReadonlyMap<string, WeightSource>> {
  const { bits } = options
  if (bits && !isInBlocksOf(bits, checkpoint)) return blockCopy(checkpoint, sha256, bits, options)
  return mappedWeights(checkpoint, sha256, options)
}

function isInBlocksOf(bits: Bits, { tensors }: Checkpoint): boolean {
  return [...tensors.values()].some(({ blocks }) => blocks?.bits === bits)
}

async function openCheckpoint(path: string): Promise<Checkpoint> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) {
    if (await isModelFolder(path)) throw await hears(path)
    return huggingFaceCheckpoint(path)
  }
  if (found?.isFile()) return ggufCheckpoint(path)
  throw new PalError('expected a folder with a language model, or a GGUF file, got nothing there', {
    file: path,
    hint: 'Such a folder holds config.json, safetensors and a tokenizer, as Hugging Face Transformers saves them.',
  })
}

/** Of a model that hears, the language model has learnt to be heard with, and may not even lie in its folder. */
async function hears(folder: string): Promise<PalError> {
  const { name, bases } = await readDescription(folder)
  const elsewhere = bases?.llm
    ? `Name the language model that it is built on: ${bases.llm.name}.`
    : 'Name one in the layout of Hugging Face, or as GGUF, or `start` a recipe from this model.'
  return new PalError(`expected a language model, got a model that hears, ${name}`, {
    file: folder,
    hint: `${elsewhere} As --encoder it would give its ears.`,
  })
}

/** The weights that the decoder needs, as a checkpoint calls them. */
function decoderTensors(config: LlamaConfig) {
  return new Map(
    [...modelParameters(withoutAudio(config))].map(([name, info]) => [name.replace(/^llm\./, ''), info]),
  )
}
