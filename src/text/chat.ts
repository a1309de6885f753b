import { PalError } from '../errors.js'
import type { LiteralText } from './literal-text.js'
import { type ChatTemplate, chatRenderer } from './render-chat.js'
import type { Tokenizer } from './tokenizer.js'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** One that a model may be trained on. */
export interface Message extends ChatMessage {
  /** Whether training learns an answer, or only reads it as what was said before another. @default true */
  readonly learn?: boolean
}

/** A conversation as the model reads it. */
export interface ChatTokens {
  readonly ids: number[]
  /** Whether token i is part of an answer that is learnt, its end token included. */
  readonly learn: boolean[]
}

export interface ChatOptions {
  /** Ends with the opening of an answer, for the model to go on from. */
  readonly addGenerationPrompt: boolean
}

export interface ChatTokenizer extends Tokenizer {
  /** @throws PalError for a template that fails, or from which the answers cannot be told apart. */
  chat(messages: readonly Message[], options: ChatOptions): ChatTokens
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
 * conversation: an answer starts where the text before it, with the opening of an answer, ends. Some templates
 * rewrite answers once another question follows (Qwen3 drops their thoughts): such a conversation can be asked in,
 * but of its answers only the last can be learnt.
 */
export function chatWith(template: ChatTemplate, tokenizer: LiteralTokenizer): ChatTokenizer['chat'] {
  const { literal, encode } = tokenizer
  const render = chatRenderer(template)
  return (messages, { addGenerationPrompt }) => {
    const hidden = messages.map(({ role, content }) => ({ role, content: literal.hide(content) }))
    const whole = render(hidden, addGenerationPrompt)
    const answers: Answer[] = []
    for (const [i, { role, learn = true }] of messages.entries()) {
      if (role !== 'assistant') continue
      const before = render(hidden.slice(0, i), true)
      const after = render(hidden.slice(0, i + 1), false)
      if (!after.startsWith(before) || !whole.startsWith(after)) {
        if (addGenerationPrompt) return nothingLearnt(encode(whole))
        if (learn) throw disagreement(template, i)
        continue
      }
      if (learn) checkEnd(after.slice(before.length), template, tokenizer, i)
      answers.push({ start: before.length, learn })
    }
    return withAnswers(whole, answers, tokenizer)
  }
}

/** A tokenizer whose conversations begin with a system's message, unless they begin with one of their own. */
export function withSystem(tokenizer: ChatTokenizer, content: string | undefined): ChatTokenizer {
  if (content === undefined) return tokenizer
  return {
    ...tokenizer,
    chat(messages, options) {
      const isOpened = messages[0]?.role === 'system'
      return tokenizer.chat(isOpened ? messages : [{ role: 'system', content }, ...messages], options)
    },
  }
}

function nothingLearnt(ids: number[]): ChatTokens {
  return { ids, learn: ids.map(() => false) }
}

/** Where an answer starts in a conversation's text, and whether it is learnt. */
interface Answer {
  readonly start: number
  readonly learn: boolean
}

/**
 * The ids of a text with answers in it. The text before an answer always has the ids that it has alone, as the model
 * gets them when it is asked: where an answer starts with white space that melts into the token before it, the
 * answer is tokenized apart.
 */
function withAnswers(
  whole: string,
  answers: readonly Answer[],
  { endIds, encode }: LiteralTokenizer,
): ChatTokens {
  const { ids, learn } = nothingLearnt(encode(whole.slice(0, answers[0]?.start)))
  for (const [i, { start, learn: isLearnt }] of answers.entries()) {
    const next = answers[i + 1]?.start
    const read = encode(whole.slice(0, next))
    const isWhole = ids.every((id, k) => read[k] === id)
    const answer = isWhole ? read.slice(ids.length) : encode(whole.slice(start, next))
    // The answer's own text cannot contain a special token, so the first end token is the one that ends it.
    const end = answer.findIndex((id) => endIds.includes(id))
    for (const [k, id] of answer.entries()) {
      ids.push(id)
      learn.push(isLearnt && k <= end)
    }
  }
  return { ids, learn }
}

function disagreement({ file }: ChatTemplate, message: number): PalError {
  return new PalError(
    `expected a conversation to begin with the text of its own beginning, got another text at message ${message}`,
    {
      file,
      key: 'chat_template',
      hint: 'The template rewrites earlier messages or opens answers differently, so the tokens to learn cannot be told. Use a template without such rules, or mark all answers but the last as read only ("weight": 0).',
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
