import { PalError } from '../../errors.js'
import type { LlamaConfig } from '../../llm/config.js'
import type { ChatTokenizer } from '../../text/chat.js'

/** @throws PalError for a tokenizer of more tokens than the model has embeddings. It may have fewer: tables are often rounded up. */
export function fittingTokenizer(
  tokenizer: ChatTokenizer,
  { vocabularySize }: LlamaConfig,
  file: string,
): ChatTokenizer {
  if (tokenizer.vocabularySize <= vocabularySize) return tokenizer
  throw new PalError(
    `expected a tokenizer of at most ${vocabularySize} tokens, as many as the model has embeddings, got ${tokenizer.vocabularySize}`,
    { file },
  )
}
