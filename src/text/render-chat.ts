import { Template } from '@huggingface/jinja'
import { PalError } from '../errors.js'
import type { ChatMessage } from './chat.js'

export interface ChatTemplate {
  /** The file that the template came from, for error messages. */
  readonly file: string
  readonly source: string
  /** What the template may name besides the messages: bos_token, eos_token and so on. */
  readonly variables: Readonly<Record<string, unknown>>
}

/**
 * A template's text of a conversation, as `apply_chat_template` of Hugging Face Transformers gives it.
 * @throws PalError for a template that cannot be read, and when rendering for one that refuses the conversation
 */
export function chatRenderer({ file, source, variables }: ChatTemplate) {
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
      return template.render({
        ...DIRECTLY,
        ...variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
      })
    } catch (cause) {
      throw failed(cause)
    }
  }
}

/** Models that can think aloud before they answer, such as Qwen3, are asked to answer at once. */
const DIRECTLY = { enable_thinking: false }
