import { join } from 'node:path'
import { Tokenizer as Library } from '@huggingface/tokenizers'
import { z } from 'zod'
import { expectShape } from '../check-schema.js'
import { PalError } from '../errors.js'
import { readText, readTextIfAny } from '../reading.js'
import { type ChatTokenizer, chatWith } from './chat.js'
import { withExactSteps } from './exact-steps.js'
import { type LiteralText, literalText } from './literal-text.js'
import type { ChatTemplate } from './render-chat.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * Opens the tokenizer of a model's folder in the Hugging Face layout: tokenizer.json, tokenizer_config.json, and
 * where present chat_template.jinja (which goes before the template in the configuration) and
 * generation_config.json (whose end tokens join the configuration's).
 * @throws PalError for a file that is missing or malformed, and for an end token that the vocabulary lacks.
 */
export async function openTokenizer(folder: string): Promise<ChatTokenizer> {
  return (await readTokenizer(folder))()
}

/**
 * The same with its files read and nothing made of them yet, which takes a second where a vocabulary is large: whoever has
 * something else compiled meanwhile makes it after that was begun.
 * @returns what makes it, and throws what is malformed
 * @throws PalError for a file that is missing
 */
export async function readTokenizer(folder: string): Promise<() => ChatTokenizer> {
  const files = {
    tokenizer: join(folder, 'tokenizer.json'),
    config: join(folder, 'tokenizer_config.json'),
    generation: join(folder, 'generation_config.json'),
    template: join(folder, 'chat_template.jinja'),
  }
  const tokenizer = await readText(files.tokenizer, KIND)
  const config = await readText(files.config, KIND)
  const generation = (await readTextIfAny(files.generation, KIND)) ?? '{}'
  const template = await readTextIfAny(files.template, KIND)
  return () => {
    const parts = {
      tokenizer: parse(tokenizer, files.tokenizer),
      config: parse(config, files.config),
      generation: parse(generation, files.generation),
      ...(template !== undefined && { template }),
    }
    return tokenizerFrom(parts, files)
  }
}

/** What each of these files is a part of, for messages. */
const KIND = 'a tokenizer in the Hugging Face layout'

/** What the files of a tokenizer hold, wherever they are: those of JSON parsed. */
export interface TokenizerParts {
  /** tokenizer.json */
  readonly tokenizer: unknown
  /** tokenizer_config.json */
  readonly config: unknown
  /** generation_config.json. @default {} */
  readonly generation?: unknown
  /** chat_template.jinja. @default the template in the configuration */
  readonly template?: string
}

/**
 * A tokenizer from its parts.
 * @param files that they are from, for messages
 * @throws PalError for a part that is malformed, and for an end token that the vocabulary lacks
 */
export function tokenizerFrom(
  parts: TokenizerParts,
  files: Readonly<Record<keyof TokenizerParts, string>>,
): ChatTokenizer {
  const json = expectShape(tokenizerSchema, parts.tokenizer, { file: files.tokenizer })
  const config = expectShape(configSchema, parts.config, { file: files.config })
  const generation = expectShape(generationSchema, parts.generation ?? {}, { file: files.generation })

  const library = openLibrary(json, config, files.tokenizer)
  const endIds = endIdsOf(library, config, generation, files.config)
  // Some models end answers with an added token that is not marked as special; text must not hold it either.
  const special = json.added_tokens.filter((token) => token.special || endIds.includes(token.id))
  const literal = literalText(special.map(({ content }) => content))
  library.normalizer = revealing(library.normalizer, literal)
  const encodeLiteral = encoderOf(library, files.tokenizer)
  const specialIds = new Set(special.map(({ id }) => id))
  const tokenizer = tokenizerOf(library, specialIds, literal, endIds, encodeLiteral, files.tokenizer)

  const source = parts.template ?? templateIn(config)
  if (source === undefined) return { ...tokenizer, chat: withoutTemplate(files.config) }
  const template: ChatTemplate = {
    file: parts.template === undefined ? files.config : files.template,
    source,
    variables: specialTexts(config),
  }
  return { ...tokenizer, chat: chatWith(template, { literal, endIds, encode: encodeLiteral }) }
}

function withoutTemplate(file: string): ChatTokenizer['chat'] {
  return () => {
    throw new PalError('expected a chat template to lay out the conversation with, got none', {
      file,
      key: 'chat_template',
      hint: 'Choose an instruction-tuned model, or put a chat_template.jinja into the folder.',
    })
  }
}

const tokenText = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(
    z.looseObject({ id: z.int().nonnegative(), content: z.string().min(1), special: z.boolean() }),
  ),
  model: z.looseObject({}),
  pre_tokenizer: z.unknown().optional(),
})

const configSchema = z.looseObject({
  bos_token: tokenText.nullish(),
  eos_token: tokenText.nullish(),
  unk_token: tokenText.nullish(),
  pad_token: tokenText.nullish(),
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
})

const generationSchema = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() })

type TokenizerFile = z.infer<typeof tokenizerSchema>
type Config = z.infer<typeof configSchema>

/** The part of @huggingface/tokenizers that is used. Its normalizers are callable, and any function may be one. */
interface Encoder {
  normalizer: ((text: string) => string) | null
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: readonly unknown[] }
  decode(ids: readonly number[], options: { clean_up_tokenization_spaces: boolean }): string
  token_to_id(token: string): number | undefined
  id_to_token(id: number): string | undefined
  get_vocab(): ReadonlyMap<string, number>
}

function openLibrary(json: TokenizerFile, config: Config, file: string): Encoder {
  try {
    const exact = { ...json, pre_tokenizer: withExactSteps(json.pre_tokenizer) }
    return new Library(exact, config) as unknown as Encoder
  } catch (cause) {
    throw new PalError(`expected a tokenizer that can be opened: ${(cause as Error).message}`, {
      file,
      cause,
    })
  }
}

/** Runs after the text has been cut at its special tokens: the place to put literal names back. */
function revealing(normalizer: Encoder['normalizer'], { reveal }: LiteralText): Encoder['normalizer'] {
  return (text) => (normalizer ? normalizer(reveal(text)) : reveal(text))
}

/** Ids of a text in which special tokens are special, unless they are hidden (see literal-text.ts). */
function encoderOf(library: Encoder, file: string) {
  return (text: string): number[] =>
    library.encode(text, { add_special_tokens: false }).ids.map((id) => {
      if (typeof id === 'number') return id
      throw new PalError(`expected tokens for every character, got none for some of "${text.slice(0, 60)}"`, {
        file,
      })
    })
}

function tokenizerOf(
  library: Encoder,
  specialIds: ReadonlySet<number>,
  { hide, keep }: LiteralText,
  endIds: readonly number[],
  encodeLiteral: (text: string) => number[],
  file: string,
): Tokenizer {
  const textOf = (ids: readonly number[]) =>
    ids.length === 0 ? '' : library.decode(ids, { clean_up_tokenization_spaces: false })
  const highest = [...library.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1)
  return {
    vocabularySize: highest + 1,
    endIds,
    encode(text, { special = false } = {}) {
      if (special) return encodeLiteral(keep(text))
      const ids = encodeLiteral(hide(text))
      // Byte-level tokenizers cannot get here; one that has its special tokens among its words can.
      const strayed = ids.find((id) => specialIds.has(id))
      if (strayed === undefined) return ids
      throw new PalError(
        `expected text without special tokens, got "${library.id_to_token(strayed)}", which this tokenizer cannot read as ordinary text`,
        { file },
      )
    },
    decode(ids, { special = false } = {}) {
      for (const id of ids) {
        if (library.id_to_token(id) !== undefined) continue
        throw new PalError(`expected token ids of the vocabulary, up to ${highest}, got ${id}`, { file })
      }
      if (!special) return textOf(ids.filter((id) => !specialIds.has(id)))
      let text = ''
      const waiting: number[] = []
      for (const id of ids) {
        if (!specialIds.has(id)) waiting.push(id)
        else text += textOf(waiting.splice(0)) + library.id_to_token(id)
      }
      return text + textOf(waiting)
    },
    idOf: (token) => library.token_to_id(token),
  }
}

function endIdsOf(
  library: Encoder,
  { eos_token: token }: Config,
  { eos_token_id: more }: z.infer<typeof generationSchema>,
  file: string,
): readonly number[] {
  const ids = new Set(more == null ? [] : [more].flat())
  if (token != null) {
    const id = library.token_to_id(token)
    if (id === undefined) {
      throw new PalError(`expected a token of the vocabulary, got "${token}"`, { file, key: 'eos_token' })
    }
    ids.add(id)
  }
  return [...ids].sort((a, b) => a - b)
}

function templateIn({ chat_template: template }: Config): string | undefined {
  if (typeof template === 'string') return template
  return template?.find(({ name }) => name === 'default')?.template
}

/** The special tokens by their names in the configuration, as a template may write them. */
function specialTexts(config: Config): Readonly<Record<string, string>> {
  const { bos_token, eos_token, unk_token, pad_token } = config
  const named = Object.entries({ bos_token, eos_token, unk_token, pad_token })
  return Object.fromEntries(named.filter((entry): entry is [string, string] => entry[1] != null))
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError('expected JSON', { file, cause })
  }
}
