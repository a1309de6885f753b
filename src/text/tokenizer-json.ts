import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import { writeAtomically } from '../weights/write-atomically.js'

/** The tokenizer.json of a byte-level BPE tokenizer, in the format of the Hugging Face tokenizers library. */
export interface TokenizerJson {
  readonly version: '1.0'
  readonly truncation: null
  readonly padding: null
  readonly added_tokens: readonly AddedToken[]
  readonly normalizer: null
  readonly pre_tokenizer: ByteLevelStep
  readonly post_processor: null
  readonly decoder: ByteLevelStep
  readonly model: {
    readonly type: 'BPE'
    readonly dropout: null
    readonly unk_token: null
    readonly continuing_subword_prefix: null
    readonly end_of_word_suffix: null
    readonly fuse_unk: false
    readonly byte_fallback: false
    readonly ignore_merges: false
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (readonly [string, string])[]
  }
}

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly single_word: false
  readonly lstrip: false
  readonly rstrip: false
  readonly normalized: false
  readonly special: true
}

interface ByteLevelStep {
  readonly type: 'ByteLevel'
  readonly add_prefix_space: boolean
  readonly trim_offsets: true
  readonly use_regex: true
}

/** A tokenizer.json from the tokens in the order of their ids, the special ones first. */
export function tokenizerJson(
  specialTokens: readonly string[],
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
): TokenizerJson {
  const byteLevel = { type: 'ByteLevel', trim_offsets: true, use_regex: true } as const
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { ...byteLevel, add_prefix_space: false },
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...specialTokens, ...tokens].map((token, id) => [token, id])),
      merges,
    },
  }
}

/**
 * Writes tokenizer.json and tokenizer_config.json, which `openTokenizer` and the Hugging Face libraries read.
 * @throws PalError if the end token is not one of the special tokens.
 */
export async function writeTokenizer(
  folder: string,
  tokenizer: TokenizerJson,
  { chatTemplate, endToken }: { readonly chatTemplate: string; readonly endToken: string },
): Promise<void> {
  if (!tokenizer.added_tokens.some(({ content }) => content === endToken)) {
    const known = tokenizer.added_tokens.map(({ content }) => content).join(', ')
    throw new PalError(`expected one of the special tokens (${known}), got "${endToken}"`, {
      key: 'endToken',
    })
  }
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: endToken,
    clean_up_tokenization_spaces: false,
    chat_template: chatTemplate,
  }
  await mkdir(folder, { recursive: true })
  await writeAtomically(join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizer)}\n`)
  await writeAtomically(join(folder, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`)
}
