import type { Tokenizer } from './tokenizer.js'

/** Text that appears while it is generated. The pieces, joined, are what `decode` gives for all ids at once. */
export interface TextStream {
  /** The text that the id completes; empty while a character is still waiting for its other bytes. */
  push(id: number): string
  /** What is left at the end: bytes that never became a character. */
  flush(): string
}

/**
 * Decodes a growing list of ids. An id is decoded together with the last ids that gave whole text, because some
 * tokenizers write a token differently at the start of a text; the difference is the new text.
 */
export function createTextStream(tokenizer: Pick<Tokenizer, 'decode'>): TextStream {
  let given: number[] = []
  let waiting: number[] = []
  const take = (): string => {
    const text = tokenizer.decode([...given, ...waiting]).slice(tokenizer.decode(given).length)
    given = waiting
    waiting = []
    return text
  }
  return {
    push(id) {
      waiting.push(id)
      const text = tokenizer.decode([...given, ...waiting])
      const isWhole = text.length > tokenizer.decode(given).length && !text.endsWith(replacement)
      return isWhole ? take() : ''
    },
    flush: take,
  }
}

/** What stands for bytes that are no character, or not yet. */
const replacement = '\ufffd'
