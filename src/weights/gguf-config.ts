import { quoted } from '../quoted.js'
import { type GgufFile, readGgufTensor } from './gguf.js'
import { GgufMetadata } from './gguf-metadata.js'

/** The architectures that share the Llama decoder: what `config.json` calls them. */
const MODEL_TYPES: Readonly<Record<string, string>> = { llama: 'llama', qwen2: 'qwen2', qwen3: 'qwen3' }

/** Settings of these architectures that say nothing about the arithmetic, or are read below. */
const UNDERSTOOD: readonly string[] = [
  ...['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'vocab_size'],
  ...['attention.head_count', 'attention.head_count_kv', 'attention.key_length', 'attention.value_length'],
  ...['attention.layer_norm_rms_epsilon', 'rope.freq_base', 'rope.dimension_count'],
  ...['rope.scaling.type', 'rope.scaling.factor', 'rope.scaling.original_context_length'],
  'rope.scaling.finetuned',
]

/** Settings that must have the value that changes nothing, if they are there. */
const WITHOUT_EFFECT: Readonly<Record<string, unknown>> = {
  expert_count: 0,
  expert_used_count: 0,
  'attention.sliding_window': 0,
  'attention.causal': true,
}

/**
 * The `config.json` of Hugging Face Transformers that a GGUF file's metadata and tensors describe, for the
 * architectures llama, qwen2 and qwen3 (convert_hf_to_gguf.py of llama.cpp, read backwards).
 * @throws PalError naming file and key for other architectures, and for settings that are not understood
 */
export async function ggufConfig(gguf: GgufFile): Promise<Readonly<Record<string, unknown>>> {
  const metadata = new GgufMetadata(gguf)
  const architecture = metadata.text('general.architecture')
  if (!Object.hasOwn(MODEL_TYPES, architecture)) {
    throw metadata.mistake(
      'general.architecture',
      `expected one of ${Object.keys(MODEL_TYPES).join(', ')}, got ${quoted(architecture)}`,
    )
  }
  const key = (name: string) => `${architecture}.${name}`
  checkSettings(metadata, architecture)
  const hiddenSize = metadata.number(key('embedding_length'))
  const heads = metadata.number(key('attention.head_count'))
  const headSize = metadata.number(key('attention.key_length'), undefined) ?? hiddenSize / heads
  const rotated = metadata.number(key('rope.dimension_count'), undefined) ?? headSize
  const valueSize = metadata.number(key('attention.value_length'), undefined) ?? headSize
  if (valueSize !== headSize) {
    throw metadata.mistake(
      key('attention.value_length'),
      `expected ${headSize}, the size of a key, got ${valueSize}`,
    )
  }
  const theta = metadata.number(key('rope.freq_base'), undefined) ?? 10000
  const scaling = (await llama3Scaling(gguf, metadata, theta, headSize)) ?? plainScaling(metadata, key)
  return {
    model_type: MODEL_TYPES[architecture],
    hidden_size: hiddenSize,
    num_hidden_layers: metadata.number(key('block_count')),
    num_attention_heads: heads,
    num_key_value_heads: metadata.number(key('attention.head_count_kv'), undefined) ?? heads,
    head_dim: headSize,
    intermediate_size: metadata.number(key('feed_forward_length')),
    // The embedding table may have more rows than there are tokens.
    vocab_size:
      gguf.tensors.get('token_embd.weight')?.shape[0] ?? metadata.texts('tokenizer.ggml.tokens').length,
    max_position_embeddings: metadata.number(key('context_length')),
    rms_norm_eps: shortest(metadata.number(key('attention.layer_norm_rms_epsilon'))),
    rope_theta: shortest(theta),
    ...(scaling && { rope_scaling: scaling }),
    ...(rotated !== headSize && { partial_rotary_factor: rotated / headSize }),
    ...(architecture === 'llama' && gguf.tensors.has('blk.0.attn_q.bias') && { attention_bias: true }),
    tie_word_embeddings: !gguf.tensors.has('output.weight'),
  }
}

function checkSettings(metadata: GgufMetadata, architecture: string): void {
  const prefix = `${architecture}.`
  for (const key of metadata.keys()) {
    if (!key.startsWith(prefix)) continue
    const name = key.slice(prefix.length)
    if (UNDERSTOOD.includes(name)) continue
    if (Object.hasOwn(WITHOUT_EFFECT, name)) {
      const expected = WITHOUT_EFFECT[name]
      const given = metadata.get(key)
      if (given === expected) continue
      throw metadata.mistake(
        key,
        `expected ${expected}, the only value that is supported, got ${quoted(given)}`,
      )
    }
    throw metadata.mistake(key, 'expected only settings that are understood, got this one')
  }
}

function plainScaling(metadata: GgufMetadata, key: (name: string) => string) {
  const type = metadata.text(key('rope.scaling.type'), undefined) ?? 'none'
  const factor = metadata.number(key('rope.scaling.factor'), undefined)
  return type === 'none' ? undefined : { rope_type: type, ...(factor !== undefined && { factor }) }
}

/**
 * Llama 3's scaling, of which a GGUF file holds only what it does: the number by which each frequency is divided.
 * All models that are known have the bounds 1 and 4 and 8192 original positions; whether they give these numbers is
 * checked. The formula is `_compute_llama3_parameters` of transformers/modeling_rope_utils.py.
 */
async function llama3Scaling(gguf: GgufFile, metadata: GgufMetadata, theta: number, headSize: number) {
  const tensor = gguf.tensors.get('rope_freqs.weight')
  if (!tensor) return undefined
  const divisors = await readGgufTensor(tensor)
  const [factor, low, high, positions] = [divisors.at(-1) ?? 1, 1, 4, 8192]
  const fits =
    divisors.length === headSize / 2 &&
    divisors.every((divisor, i) => {
      const wavelength = 2 * Math.PI * theta ** ((2 * i) / headSize)
      const smooth = Math.min(1, Math.max(0, (positions / wavelength - low) / (high - low)))
      const expected = 1 / ((1 - smooth) / factor + smooth)
      return Math.abs(divisor - expected) <= 1e-4 * expected
    })
  if (!fits) {
    throw metadata.mistake(
      'rope_freqs.weight',
      `expected the divisors of Llama 3's rotary scaling (frequency bounds 1 and 4, 8192 positions), got others`,
    )
  }
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: positions,
  }
}

/** The number that was meant: 9.999999747378752e-6 is 1e-5 as a float32. */
function shortest(number: number): number {
  return Number(number.toPrecision(7))
}
