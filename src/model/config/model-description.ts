import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { expectShape } from '../../check-schema.js'
import { PalError } from '../../errors.js'
import { readText } from '../../reading.js'
import { writeAtomically } from '../../weights/write-atomically.js'
import type { ModelConfig } from './config.js'
import { modelConfigSchema } from './config-schema.js'

/** What a model folder's `config.json` says beside the format. */
export interface ModelDescription {
  readonly name: string
  /** Hz of the audio that it hears. */
  readonly sampleRate: number
  /** The longest audio that it was trained on. */
  readonly trainedSeconds: number
  readonly model: ModelConfig
  /** The pretrained models that give the weights which this one does not keep itself. */
  readonly bases?: BaseRecords
  /** The language model's matrices are stored in blocks (see weights/blocks.ts). */
  readonly quantization?: { readonly bits: 4 | 8; readonly blockSize: 32 }
}

/** The parts of a model that are built on pretrained ones. */
export interface BaseRecords {
  readonly llm?: BaseRecord
  readonly encoders?: Readonly<Record<string, BaseRecord>>
}

export interface BaseRecord {
  /** What it is called: a name that `pal pull` knows, or that of its folder or file. */
  readonly name: string
  /** Its fingerprint (see checkpoint.ts). */
  readonly sha256: string
}

const FORMAT = { format: 'pal-audio', version: 1 } as const
const CONFIG = 'config.json'

/** It becomes a file's name (see known-places.ts), so it must not be a path: a model's folder may be a stranger's. */
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, {
  error: ({ input }) => `expected a fingerprint, 64 hexadecimal digits, got "${String(input).slice(0, 80)}"`,
})

const base = z.strictObject({ name: z.string().min(1), sha256: fingerprint })

const schema = z
  .strictObject({
    format: z.literal(FORMAT.format),
    version: z.literal(FORMAT.version, 'expected version 1, the only one that this program knows'),
    name: z.string().min(1),
    sampleRate: z.int().positive(),
    trainedSeconds: z.number().positive(),
    model: modelConfigSchema,
    bases: z
      .strictObject({ llm: base.exactOptional(), encoders: z.record(z.string(), base).exactOptional() })
      .exactOptional(),
    quantization: z
      .strictObject({ bits: z.union([z.literal(4), z.literal(8)]), blockSize: z.literal(32) })
      .exactOptional(),
  })
  .superRefine(({ sampleRate, model, bases }, context) => {
    for (const name of Object.keys(bases?.encoders ?? {})) {
      if (model.encoders.some((encoder) => encoder.name === name)) continue
      const message = `expected the name of an encoder (${model.encoders.map((encoder) => encoder.name).join(', ')})`
      context.addIssue({ code: 'custom', message, path: ['bases', 'encoders', name] })
    }
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
 * Reads the description in a model's folder.
 * @throws PalError naming the file and the key
 */
export async function readDescription(folder: string): Promise<ModelDescription> {
  const file = join(folder, CONFIG)
  const kind = 'the configuration of a model'
  const text = await readText(file, kind)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected ${kind}, as JSON`, { file, cause })
  }
  const { model_type: type } = (json ?? {}) as { readonly model_type?: unknown }
  if (typeof type === 'string') {
    throw new PalError(
      `expected a model that hears, as \`pal train\` writes them, got one of Hugging Face's, "${type}"`,
      { file, hint: 'A model that hears may be built on it: give it to --llm or --encoder instead.' },
    )
  }
  const { format: _, version: __, ...description } = expectShape(schema, json, { file })
  return description
}

/** Whether a folder is one of ours, rather than in Hugging Face's layout. */
export async function isModelFolder(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, CONFIG), 'utf8').catch(() => '{}')
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === FORMAT.format
  } catch {
    return false
  }
}

/** Writes it into a model's folder. */
export function writeDescription(folder: string, description: ModelDescription): Promise<void> {
  return writeAtomically(join(folder, CONFIG), `${JSON.stringify({ ...FORMAT, ...description }, null, 2)}\n`)
}
