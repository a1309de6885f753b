import { quoted } from '../quoted.js'
import type { GgufFile } from './gguf.js'
import { GgufMetadata } from './gguf-metadata.js'

/** What `tokenizer.json`, `tokenizer_config.json` and `generation_config.json` would say. */
export interface TokenizerFiles {
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
  readonly generation: Readonly<Record<string, unknown>>
}

/** How text is cut before byte-level BPE, by `tokenizer.ggml.pre` (llm_tokenizer_bpe in llama.cpp's llama-vocab.cpp). */
const KINDS: Readonly<Record<string, Kind>> = {
  'gpt-2': { steps: [{ type: 'ByteLevel', add_prefix_space: false, use_regex: true }] },
  smollm: digitsThenGpt2(),
  starcoder: digitsThenGpt2(),
  'llama-bpe': { steps: splitThenBytes('\\p{N}{1,3}'), ignoreMerges: true },
  // Text is brought to its composed form, which llama.cpp leaves out and the model's own tokenizer.json asks for.
  qwen2: { steps: splitThenBytes('\\p{N}'), normalizer: { type: 'NFC' } },
}

interface Kind {
  readonly steps: readonly object[]
  readonly normalizer?: object
  /** A word that is a token as a whole is taken as it is, whatever the merges would make of it. */
  readonly ignoreMerges?: boolean
}

/** Types of tokens: `TokenType` in gguf-py/gguf/constants.py. */
const CONTROL = 3
const USER_DEFINED = 4
const UNUSED = 5

/**
 * The tokenizer that a GGUF file has with it, as the files of a Hugging Face folder would describe it.
 * @throws PalError naming file and key for a kind of tokenizer that is not known, and for lists that do not fit
 */
export function ggufTokenizer(gguf: GgufFile): TokenizerFiles {
  const metadata = new GgufMetadata(gguf)
  const kind = kindOf(metadata)
  const tokens = metadata.texts('tokenizer.ggml.tokens')
  const types = metadata.integers('tokenizer.ggml.token_type', tokens.length)
  return {
    tokenizer: {
      version: '1.0',
      added_tokens: tokens.flatMap((content, id) => added(content, id, types[id]!)),
      normalizer: kind.normalizer ?? null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: kind.steps },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        unk_token: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: kind.ignoreMerges ?? false,
        vocab: vocabulary(tokens, types, metadata),
        merges: merges(metadata),
      },
    },
    config: { ...specialTokens(tokens, metadata), ...template(metadata) },
    generation: endTokens(tokens, metadata),
  }
}

function kindOf(metadata: GgufMetadata): Kind {
  const model = metadata.text('tokenizer.ggml.model')
  if (model !== 'gpt2') {
    throw metadata.mistake(
      'tokenizer.ggml.model',
      `expected a byte-level tokenizer, "gpt2", got ${quoted(model)}`,
      'Use the model as a folder with safetensors and tokenizer.json instead.',
    )
  }
  const pre = metadata.text('tokenizer.ggml.pre', undefined)
  if (pre !== undefined && Object.hasOwn(KINDS, pre)) return KINDS[pre]!
  throw metadata.mistake(
    'tokenizer.ggml.pre',
    `expected one of ${Object.keys(KINDS).join(', ')}, got ${pre === undefined ? 'nothing' : quoted(pre)}`,
    'How text is cut into words cannot be guessed. Use the model as a folder with tokenizer.json instead.',
  )
}

function digitsThenGpt2(): Kind {
  return {
    steps: [
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    ],
  }
}

/** The expression of GPT-4's tokenizer, which Llama 3 and Qwen 2 differ in only by how many digits make a word. */
function splitThenBytes(digits: string): readonly object[] {
  const expression = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`
  return [
    { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
  ]
}

function added(content: string, id: number, type: number) {
  if (type !== CONTROL && type !== USER_DEFINED) return []
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
  return [{ id, content, ...flags, special: type === CONTROL }]
}

/** Without what only fills the embedding table up to a round number of rows. */
function vocabulary(
  tokens: readonly string[],
  types: Int32Array,
  metadata: GgufMetadata,
): Readonly<Record<string, number>> {
  const ids = new Map<string, number>()
  for (const [id, token] of tokens.entries()) {
    if (types[id] === UNUSED) continue
    if (ids.has(token)) {
      const message = `expected each token once, got ${quoted(token)} as ${ids.get(token)} and ${id}`
      throw metadata.mistake('tokenizer.ggml.tokens', message)
    }
    ids.set(token, id)
  }
  return Object.fromEntries(ids)
}

function merges(metadata: GgufMetadata): readonly (readonly string[])[] {
  return metadata.texts('tokenizer.ggml.merges').map((merge) => {
    const pair = merge.split(' ')
    if (pair.length === 2) return pair
    throw metadata.mistake(
      'tokenizer.ggml.merges',
      `expected two tokens and a space between, got ${quoted(merge)}`,
    )
  })
}

/** The special tokens by their names in tokenizer_config.json. */
function specialTokens(tokens: readonly string[], metadata: GgufMetadata) {
  const named = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' }
  const found = Object.entries(named).map(([name, key]) => {
    const id = tokenId(`tokenizer.ggml.${key}_token_id`, tokens, metadata)
    return [name, id === undefined ? undefined : tokens[id]] as const
  })
  return Object.fromEntries(found.filter(([, token]) => token !== undefined))
}

/** The end of a turn may be another token than the end of a text. */
function endTokens(tokens: readonly string[], metadata: GgufMetadata) {
  const keys = ['tokenizer.ggml.eos_token_id', 'tokenizer.ggml.eot_token_id']
  const ids = keys.map((key) => tokenId(key, tokens, metadata)).filter((id) => id !== undefined)
  return { eos_token_id: [...new Set(ids)] }
}

function tokenId(key: string, tokens: readonly string[], metadata: GgufMetadata): number | undefined {
  const id = metadata.number(key, undefined)
  if (id === undefined || tokens[id] !== undefined) return id
  throw metadata.mistake(key, `expected the id of one of the ${tokens.length} tokens, got ${id}`)
}

function template(metadata: GgufMetadata) {
  const source = metadata.text('tokenizer.chat_template', undefined)
  return source === undefined ? {} : { chat_template: source }
}
