import { Template } from '@huggingface/jinja'
import { PalError } from '../errors.js'
import type { LiteralText } from './literal-text.js'
import type { Tokenizer } from './tokenizer.js'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** A conversation as the model reads it. */
export interface ChatTokens {
  readonly ids: number[]
  /** Whether token i is part of an assistant's answer, its end token included: what training learns from. */
  readonly learn: boolean[]
}

export interface ChatOptions {
  /** Ends with the opening of an answer, for the model to go on from. */
  readonly addGenerationPrompt: boolean
}

export interface ChatTokenizer extends Tokenizer {
  /** @throws PalError for a template that fails, or from which the answers cannot be told apart. */
  chat(messages: readonly ChatMessage[], options: ChatOptions): ChatTokens
}

export interface ChatTemplate {
  /** The file that the template came from, for error messages. */
  readonly file: string
  readonly source: string
  /** What the template may name besides the messages: bos_token, eos_token and so on. */
  readonly variables: Readonly<Record<string, unknown>>
}

/** What a chat needs of its tokenizer: `encode` takes text in which special tokens are special unless hidden. */
export interface LiteralTokenizer {
  readonly literal: LiteralText
  readonly endIds: readonly number[]
  encode(text: string): number[]
}

/**
 * A tokenizer's `chat`, from its template.
 *
 * A template does not say which part of its text is an answer, so it is rendered for growing prefixes of the
 * conversation: an answer starts where the text before it, with the opening of an answer, ends. Each answer is
 * tokenized apart from the text before it. Thereby the prompt has the same ids in training as when the model is
 * asked, even where an answer starts with white space that would otherwise melt into the prompt's last token.
 */
export function chatWith(template: ChatTemplate, tokenizer: LiteralTokenizer): ChatTokenizer['chat'] {
  const { literal, endIds, encode } = tokenizer
  const render = renderer(template)
  return (messages, { addGenerationPrompt }) => {
    const hidden = messages.map((message) => ({ ...message, content: literal.hide(message.content) }))
    const whole = render(hidden, addGenerationPrompt)
    const starts = hidden.flatMap(({ role }, i) => {
      if (role !== 'assistant') return []
      const before = render(hidden.slice(0, i), true)
      const after = render(hidden.slice(0, i + 1), false)
      if (!after.startsWith(before) || !whole.startsWith(after)) throw disagreement(template, i)
      checkEnd(after.slice(before.length), template, tokenizer, i)
      return [before.length]
    })
    const prompt = encode(whole.slice(0, starts[0]))
    const ids = [...prompt]
    const learn = prompt.map(() => false)
    for (const [i, start] of starts.entries()) {
      const answer = encode(whole.slice(start, starts[i + 1]))
      // The answer's own text cannot contain a special token, so the first end token is the one that ends it.
      const end = answer.findIndex((id) => endIds.includes(id))
      for (const [k, id] of answer.entries()) {
        ids.push(id)
        learn.push(k <= end)
      }
    }
    return { ids, learn }
  }
}

function renderer({ file, source, variables }: ChatTemplate) {
  const failed = (cause: unknown) =>
    new PalError(`expected a chat template that works: ${cause instanceof Error ? cause.message : cause}`, {
      file,
      key: 'chat_template',
      cause,
    })
  let template: Template
  try {
    template = new Template(source)
  } catch (cause) {
    throw failed(cause)
  }
  return (messages: readonly ChatMessage[], addGenerationPrompt: boolean): string => {
    try {
      return template.render({ ...variables, messages, add_generation_prompt: addGenerationPrompt })
    } catch (cause) {
      throw failed(cause)
    }
  }
}

function disagreement({ file }: ChatTemplate, message: number): PalError {
  return new PalError(
    `expected a conversation to begin with the text of its own beginning, got another text at message ${message}`,
    {
      file,
      key: 'chat_template',
      hint: 'The template rewrites earlier messages or opens answers differently, so the tokens to learn cannot be told. Use a template without such rules.',
    },
  )
}

function checkEnd(
  answer: string,
  { file }: ChatTemplate,
  { literal, endIds, encode }: LiteralTokenizer,
  message: number,
): void {
  if (encode(answer).some((id) => endIds.includes(id))) return
  throw new PalError(
    `expected the answer in message ${message} to end with a token that ends answers (ids ${endIds.join(', ') || 'none'}), got "${literal.reveal(answer).slice(-60)}"`,
    {
      file,
      key: 'chat_template',
      hint: 'Name the token that the template writes after an answer as eos_token in tokenizer_config.json or eos_token_id in generation_config.json.',
    },
  )
}
