import { conversationOf, type Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import { type Layout, layOut } from '../integration/layout.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
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
    learnt: roundUp(learnt, LEARNT_STEP * rows),
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

const TEXT_STEP = 16
/** Per conversation. */
const LEARNT_STEP = 16

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
  { samples, rows, textLength, learnt: learntLength }: BatchShape,
  learnt: number,
): Record<string, Value['data']> {
  const longest = encoders.map((named) => ({ name: named.name, tokens: tokenCount(named, samples).audio }))
  const padded = layOut(integration, longest).sequence
  const before = padded.reduce((sum, count) => sum + count, 0)
  const length = before + textLength
  const ids = new BigInt64Array(rows * textLength)
  const positions = new BigInt64Array(rows * length)
  const learntAt = new BigInt64Array(learntLength)
  const labels = new BigInt64Array(learntLength)
  const weights = new Float32Array(learntLength)
  let next = 0
  for (const [row, { layout, ids: tokens, learn }] of conversations.entries()) {
    let position = layout.sequenceStart
    let column = 0
    for (const [part, count] of layout.sequence.entries()) {
      for (let i = 0; i < (padded[part] as number); i++)
        positions[row * length + column++] = BigInt(position + i)
      position += count
    }
    for (let i = 0; i < textLength; i++) positions[row * length + before + i] = BigInt(position + i)
    for (let i = 0; i + 1 < tokens.length; i++) {
      ids[row * textLength + i] = BigInt(tokens[i] as number)
      if (!learn[i + 1]) continue
      learntAt[next] = BigInt(row * textLength + i)
      labels[next] = BigInt(tokens[i + 1] as number)
      weights[next++] = 1 / learnt
    }
  }
  return { ids, positions, learntAt, labels, weights }
}
