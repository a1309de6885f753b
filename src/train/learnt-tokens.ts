import { conversationOf, type Turn } from '../data/source.js'
import type { ChatTokenizer } from '../text/chat.js'

/** Neighbouring tokens of a conversation, as texts: training learns all of them, or reads all of them only. */
export interface Stretch {
  readonly learnt: boolean
  readonly tokens: readonly string[]
}

/** A conversation as training reads it, special tokens included. What is heard stands before it, or beside it. */
export function stretchesOf(turn: Turn, tokenizer: ChatTokenizer): readonly Stretch[] {
  const { ids, learn } = tokenizer.chat(conversationOf(turn), { addGenerationPrompt: false })
  const stretches: { learnt: boolean; tokens: string[] }[] = []
  for (const [i, id] of ids.entries()) {
    const learnt = learn[i] as boolean
    if (stretches.at(-1)?.learnt !== learnt) stretches.push({ learnt, tokens: [] })
    stretches.at(-1)?.tokens.push(tokenizer.decode([id], { special: true }))
  }
  return stretches
}
