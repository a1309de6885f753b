import { conversationOf, type Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import { type Layout, layOut } from '../integration/layout.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import { type RaggedToken, raggedFeeds } from '../nn/ragged.js'
import type { Value } from '../runtime/protocol.js'
import type { Message } from '../text/chat.js'
import { audioFeeds, lengthMask } from './audio-feeds.js'
import { type Batch, roundUp, secondsOf } from './batch.js'
import { type HeardTokens, type Hearing, heardTokens } from './hearing.js'
import type { Hiding } from './spec-augment.js'
import type { BatchShape } from './training-graph.js'

/** What of a tokenizer a batch needs. */
export interface ChatEncoder {
  chat(
    messages: readonly Message[],
    options: { readonly addGenerationPrompt: boolean },
  ): { readonly ids: readonly number[]; readonly learn: readonly boolean[] }
}

/**
 * Pads draws to one shape: audio with silence (masked), text at its end. Each question, with what was said
 * before it, is a conversation of its own that listens to its audio; only the tokens of answers are learnt.
 *
 * @param samples the length that audio is padded to
 * @param hearing for each audio, what the language model is given otherwise than encoders heard it
 * @throws PalError if there is nothing to learn
 */
export function collate(
  draws: readonly Draw[],
  config: ModelConfig,
  tokenizer: ChatEncoder,
  samples: number,
  hide?: Hiding,
  hearing: readonly Hearing[] = [],
): Batch<BatchShape> {
  const conversations = draws.flatMap(({ turns }, audio): Conversation[] => {
    const heard = heardTokens(draws, audio, config, hearing[audio])
    const layout = layOut(config.integration, heard)
    return turns.map((turn) => {
      const chat = tokenizer.chat(conversationOf(turn), { addGenerationPrompt: false })
      return { heard, layout, ...chat }
    })
  })
  const learnt = conversations.reduce((sum, { learn }) => sum + learn.filter(Boolean).length, 0)
  if (learnt === 0) throw new PalError('expected answers to learn from, got a batch with no answer token')
  const rows = conversations.length
  const shape: BatchShape = {
    audios: draws.length,
    samples,
    rows,
    textLength: roundUp(Math.max(...conversations.map(({ ids }) => ids.length)) - 1, TEXT_STEP),
  }
  return {
    draws,
    shape,
    learnt,
    seconds: secondsOf(draws, config),
    feeds: {
      ...audioFeeds(draws, config, shape, hide),
      ...memoryFeeds(conversations, config, shape),
      ...textFeeds(conversations, config, shape, learnt),
    },
  }
}

/** Padding to it costs attention alone. */
const TEXT_STEP = 16

interface Conversation {
  readonly heard: readonly HeardTokens[]
  /** Where what is heard stands, and the text behind it. */
  readonly layout: Layout
  readonly ids: readonly number[]
  readonly learn: readonly boolean[]
}

/** For each conversation, which audio it listens to, and where that audio's tokens stand. */
function memoryFeeds(
  conversations: readonly Conversation[],
  { encoders }: ModelConfig,
  { samples, rows }: BatchShape,
): Record<string, Value['data']> {
  const feeds: Record<string, Value['data']> = {}
  for (const [place, named] of encoders.entries()) {
    const { name } = named
    const padded = tokenCount(named, samples).audio
    const heard = conversations.map(({ heard }) => heard[place] as HeardTokens)
    feeds[`${name}.listensTo`] = BigInt64Array.from(heard, ({ audio }) => BigInt(audio))
    feeds[`${name}.mask`] = lengthMask(
      heard.map(({ tokens }) => tokens),
      padded,
    )
    const positions = new BigInt64Array(rows * padded)
    for (const [row, { layout }] of conversations.entries()) {
      const start = layout.keyStart[name] ?? 0
      for (let i = 0; i < padded; i++) positions[row * padded + i] = BigInt(start + i)
    }
    feeds[`${name}.positions`] = positions
  }
  return feeds
}

function textFeeds(
  conversations: readonly Conversation[],
  { integration, encoders }: ModelConfig,
  { samples, rows, textLength }: BatchShape,
  learnt: number,
): Record<string, Value['data']> {
  const longest = encoders.map((named) => ({ name: named.name, tokens: tokenCount(named, samples).audio }))
  const padded = layOut(integration, longest).sequence
  const before = padded.reduce((sum, count) => sum + count, 0)
  const length = before + textLength
  const ids = new BigInt64Array(rows * textLength)
  const positions = new BigInt64Array(rows * length)
  const labels: bigint[] = []
  const tokensOf = conversations.map(({ layout, ids: text, learn }, row): readonly RaggedToken[] => {
    const tokens: RaggedToken[] = []
    let position = layout.sequenceStart
    let place = 0
    for (const [part, count] of layout.sequence.entries()) {
      for (let i = 0; i < (padded[part] as number); i++, place++) {
        positions[row * length + place] = BigInt(position + i)
        if (i < count) tokens.push({ place, isRead: false })
      }
      position += count
    }
    for (let i = 0; i < textLength; i++) positions[row * length + before + i] = BigInt(position + i)
    for (let i = 0; i + 1 < text.length; i++) {
      const isRead = learn[i + 1] as boolean
      ids[row * textLength + i] = BigInt(text[i] as number)
      tokens.push({ place: before + i, isRead })
      if (isRead) labels.push(BigInt(text[i + 1] as number))
    }
    return tokens
  })
  return {
    ids,
    positions,
    ...raggedFeeds(tokensOf, length),
    labels: BigInt64Array.from(labels),
    weights: new Float32Array(learnt).fill(1 / learnt),
  }
}
