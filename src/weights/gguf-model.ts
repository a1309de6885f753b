import { realpath } from 'node:fs/promises'
import { PalError } from '../errors.js'
import { quoted } from '../quoted.js'
import { type GgufFile, type GgufTensor, openGguf, readGgufTensor } from './gguf.js'
import { ggufConfig } from './gguf-config.js'
import { huggingFaceName } from './gguf-names.js'
import { ggufTokenizer, type TokenizerFiles } from './gguf-tokenizer.js'

/** A language model in a GGUF file, as a Hugging Face folder would describe it. */
export interface GgufModel {
  readonly file: string
  /** What config.json would say. */
  readonly config: Readonly<Record<string, unknown>>
  /** @throws PalError for one that is malformed or not supported */
  readonly tokenizer: () => TokenizerFiles
  /** By Hugging Face's names. */
  readonly tensors: ReadonlyMap<string, GgufWeight>
}

export interface GgufWeight {
  readonly shape: readonly number[]
  readonly stored: {
    /** `F32` only if the bytes in the file are the numbers in their order, so that they can be mapped. */
    readonly dtype: string
    readonly file: string
    readonly offset: number
    readonly byteLength: number
  }
  /** The numbers as float32, row after row, in Hugging Face's order. */
  read(): Promise<Float32Array>
}

/**
 * Opens a language model in a GGUF file. Its weights stay in the file.
 * @throws PalError naming file and key or tensor for what is malformed or not supported
 */
export async function openGgufModel(path: string): Promise<GgufModel> {
  const gguf = await openGguf(path)
  const config = await ggufConfig(gguf)
  return { file: path, config, tokenizer: () => ggufTokenizer(gguf), tensors: await weights(gguf, config) }
}

async function weights(
  gguf: GgufFile,
  config: GgufModel['config'],
): Promise<ReadonlyMap<string, GgufWeight>> {
  // A hub's cache has links in its folders, and the runtime maps nothing that a link leads to.
  const file = await realpath(gguf.path)
  const tensors = new Map<string, GgufWeight>()
  for (const tensor of gguf.tensors.values()) {
    if (tensor.name === 'rope_freqs.weight') continue // It is in the configuration.
    const name = huggingFaceName(tensor.name)
    if (name === undefined) {
      throw new PalError('expected a tensor of a Llama, Qwen2 or Qwen3 model, got one of another name', {
        file: gguf.path,
        key: `tensor ${quoted(tensor.name)}`,
      })
    }
    tensors.set(name, weight({ ...tensor, file }, pairedHeads(tensor.name, config)))
  }
  return tensors
}

function weight(tensor: GgufTensor, heads: number | undefined): GgufWeight {
  const { shape, dtype, file, offset, byteLength } = tensor
  const place = { file, offset, byteLength }
  if (heads === undefined) {
    return { shape, stored: { dtype, ...place }, read: () => readGgufTensor(tensor) }
  }
  const rows = shape[0] ?? 0
  if (rows % (2 * heads) !== 0) {
    throw new PalError(`expected an even number of rows for each of ${heads} heads, got ${rows} rows`, {
      file,
      key: `tensor ${quoted(tensor.name)}`,
    })
  }
  return {
    shape,
    stored: { dtype: `${dtype}, rotary pairs side by side`, ...place },
    read: async () => pairsApart(await readGgufTensor(tensor), rows, heads),
  }
}

/** The heads of a tensor whose rows llama.cpp has in its own order: queries and keys of architecture llama. */
function pairedHeads(name: string, config: GgufModel['config']): number | undefined {
  if (config.model_type !== 'llama') return undefined
  if (/\.attn_q\.(weight|bias)$/.test(name)) return config.num_attention_heads as number
  return /\.attn_k\.(weight|bias)$/.test(name) ? (config.num_key_value_heads as number) : undefined
}

/**
 * Rows in Hugging Face's order. Rotary embedding turns dimension i of a head together with i + size/2 there, and
 * with its neighbour in llama.cpp, which has such pairs side by side (`LlamaModel.permute` in convert_hf_to_gguf.py).
 */
function pairsApart(numbers: Float32Array, rows: number, heads: number): Float32Array {
  const width = numbers.length / rows
  const size = rows / heads
  const out = new Float32Array(numbers.length)
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / size), row % size]
    const target = head * size + (place % 2) * (size / 2) + (place >> 1)
    out.set(numbers.subarray(row * width, (row + 1) * width), target * width)
  }
  return out
}
