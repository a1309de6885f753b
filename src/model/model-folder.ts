import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PalError } from '../errors.js'
import type { WeightSource } from '../runtime/runtime.js'
import type { ChatTokenizer } from '../text/chat.js'
import { openTokenizer } from '../text/open-tokenizer.js'
import { openSafetensors, readTensor, type StoredTensor, writeSafetensors } from '../weights/safetensors.js'
import { writeAtomically } from '../weights/write-atomically.js'
import type { ModelConfig } from './config.js'
import { modelConfigSchema } from './config-schema.js'
import { modelCard } from './model-card.js'
import { modelParameters } from './parameters.js'

/** What `config.json` says beside the format. */
export interface ModelDescription {
  readonly name: string
  /** Hz of the audio that it hears. */
  readonly sampleRate: number
  /** The longest audio that it was trained on. */
  readonly trainedSeconds: number
  readonly model: ModelConfig
  /** The language model that it was trained on top of. */
  readonly base?: { readonly name: string; readonly sha256: string }
}

export interface ModelToSave {
  readonly config: ModelDescription
  readonly parameters: Iterable<{
    readonly name: string
    readonly shape: readonly number[]
    readonly data: Float32Array
  }>
  /** Where the tokenizer's files are copied from. */
  readonly tokenizerFolder: string
  /** What the weights are stored as. @default 'F32' */
  readonly dtype?: 'F32' | 'F16'
}

export interface OpenedModel {
  readonly folder: string
  readonly config: ModelDescription
  /** Each weight's numbers: float32 stays in its file, half precision is widened into memory. */
  readonly weights: (name: string) => WeightSource | undefined
  readonly tokenizer: ChatTokenizer
}

const FORMAT = { format: 'pal-audio', version: 1 } as const
const CONFIG = 'config.json'
const WEIGHTS = 'model.safetensors'
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json']

const schema = z
  .strictObject({
    format: z.literal(FORMAT.format),
    version: z.literal(FORMAT.version, 'expected version 1, the only one that this program knows'),
    name: z.string().min(1),
    sampleRate: z.int().positive(),
    trainedSeconds: z.number().positive(),
    model: modelConfigSchema,
    base: z.strictObject({ name: z.string(), sha256: z.string() }).exactOptional(),
  })
  .superRefine(({ sampleRate, model }, context) => {
    for (const [i, { encoder }] of model.encoders.entries()) {
      if (encoder.sampleRate === sampleRate) continue
      const message = `expected the model's sample rate, ${sampleRate} Hz, got ${encoder.sampleRate}`
      context.addIssue({
        code: 'custom',
        message,
        path: ['model', 'encoders', i, 'encoder', 'sampleRate'],
      })
    }
  })

/**
 * Writes a model as a folder that needs nothing else: `config.json`, `model.safetensors`, the tokenizer and a card.
 * The configuration comes last, so that a folder that has one is whole.
 */
export async function saveModel(
  folder: string,
  { config, parameters, tokenizerFolder, dtype = 'F32' }: ModelToSave,
): Promise<void> {
  const tensors = [...parameters].map((parameter) => ({ ...parameter, dtype }))
  await mkdir(folder, { recursive: true })
  await writeSafetensors(join(folder, WEIGHTS), tensors)
  for (const file of TOKENIZER) {
    const from = join(tokenizerFolder, file)
    if (existsSync(from)) await copyFile(from, join(folder, file))
  }
  const count = tensors.reduce((sum, { data }) => sum + data.length, 0)
  await writeAtomically(join(folder, 'README.md'), modelCard(config, count))
  await writeAtomically(join(folder, CONFIG), `${JSON.stringify({ ...FORMAT, ...config }, null, 2)}\n`)
}

/**
 * Opens a model's folder.
 * @throws PalError naming the file, and the key or tensor that is missing, unknown or of another shape
 */
export async function openModel(folder: string): Promise<OpenedModel> {
  const tokenizing = openTokenizer(folder)
  tokenizing.catch(() => undefined) // Its error comes after those of the configuration.
  const config = await readConfig(join(folder, CONFIG))
  const weights = await openWeights(join(folder, WEIGHTS), config.model)
  const tokenizer = await tokenizing
  if (tokenizer.vocabularySize > config.model.llm.vocabularySize) {
    throw new PalError(
      `expected a tokenizer of at most ${config.model.llm.vocabularySize} tokens, as many as the model has embeddings, got ${tokenizer.vocabularySize}`,
      { file: join(folder, 'tokenizer.json') },
    )
  }
  return { folder, config, weights, tokenizer }
}

async function readConfig(file: string): Promise<ModelDescription> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new PalError('expected the configuration of a model, as JSON', { file, cause })
  }
  const { data, error } = schema.safeParse(json)
  if (error) {
    const issue = error.issues[0]!
    throw new PalError(issue.message, { file, key: issue.path.join('.') })
  }
  const { format: _, version: __, ...description } = data
  return description
}

async function openWeights(file: string, config: ModelConfig): Promise<OpenedModel['weights']> {
  const { tensors } = await openSafetensors(file)
  checkTensors(file, tensors, config)
  const widened = new Map<string, Float32Array>()
  for (const [name, tensor] of tensors) {
    if (tensor.dtype !== 'F32') widened.set(name, await readTensor(tensor))
  }
  return (name) => widened.get(name) ?? tensors.get(name)
}

/** The file must hold exactly what the configuration describes. */
function checkTensors(file: string, tensors: ReadonlyMap<string, StoredTensor>, config: ModelConfig): void {
  const expected = modelParameters(config)
  const missing = [...expected.keys()].filter((name) => !tensors.has(name))
  if (missing.length > 0) {
    throw new PalError(
      `expected the tensors that ${CONFIG} describes, but these are missing: ${some(missing)}`,
      {
        file,
      },
    )
  }
  const extra = [...tensors.keys()].filter((name) => !expected.has(name))
  if (extra.length > 0) {
    throw new PalError(
      `expected only the tensors that ${CONFIG} describes, but these are unknown: ${some(extra)}`,
      { file },
    )
  }
  for (const [name, { shape }] of expected) {
    const stored = tensors.get(name)!.shape
    if (stored.join() === shape.join()) continue
    throw new PalError(`expected shape [${shape.join(', ')}], got [${stored.join(', ')}]`, {
      file,
      key: name,
    })
  }
}

/** A list for a message: the first few, and how many there are besides. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
