import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { LlamaConfig } from '../../llm/config.js'
import type { BlockSource } from '../../runtime/runtime.js'
import type { ChatTokenizer } from '../../text/chat.js'

/** A pretrained language model as it is stored, whatever the format. */
export interface Checkpoint extends StoredModel {
  /** What to call it. */
  readonly name: string
  readonly config: LlamaConfig
  /** Makes the tokenizer. @throws PalError for one that is malformed or not supported */
  readonly tokenizer: () => ChatTokenizer
}

/** What is stored of any pretrained model. */
export interface StoredModel {
  readonly config: object
  /** The weights, under Hugging Face's names. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** Where the weights are, for messages. */
  readonly file: string
}

export interface CheckpointTensor {
  readonly shape: readonly number[]
  /** Where it lies, and as what: `F32` is float32, little-endian, row after row. */
  readonly stored: StoredNumbers
  /** Where it lies if it is stored in blocks that the runtime reads as they are (see weights/blocks.ts). */
  readonly blocks?: BlockSource
  /** The numbers as float32, row after row. */
  read(): Promise<Float32Array>
}

export interface StoredNumbers {
  readonly dtype: string
  readonly file: string
  /** In bytes. */
  readonly offset: number
  readonly byteLength: number
}

/** Bytes of each tensor that go into the fingerprint. */
const SAMPLE = 4096

/**
 * The SHA-256 of a model's configuration and of a sample of every tensor: it tells any two models apart that were
 * trained differently, whatever they are called and wherever they lie, and costs a moment where hashing all of the
 * weights costs many seconds. It does not stand up to forgers.
 */
export async function fingerprint({ config, tensors }: StoredModel): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(config))
  const files = new Map<string, FileHandle>()
  try {
    for (const [name, { shape, stored }] of [...tensors].sort(byName)) {
      const file = files.get(stored.file) ?? (await open(stored.file, 'r'))
      files.set(stored.file, file)
      const sample = Buffer.alloc(Math.min(SAMPLE, stored.byteLength))
      const middle = stored.offset + Math.floor((stored.byteLength - sample.length) / 2)
      await file.read(sample, 0, sample.length, middle)
      hash.update(`${name} ${stored.dtype} ${shape}`).update(sample)
    }
  } finally {
    for (const file of files.values()) await file.close()
  }
  return hash.digest('hex')
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
