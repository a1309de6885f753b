import { conversationOf, type Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import { type Layout, layOut } from '../integration/layout.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import { raggedFeeds, selectFeeds } from '../nn/ragged.js'
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
  const audios = draws.map((_, audio): HeardAudio => {
    const heard = heardTokens(draws, audio, config, hearing[audio])
    return { heard, layout: layOut(config.integration, heard) }
  })
  const conversations = draws.flatMap(({ turns }, audio) =>
    turns.map((turn): Conversation => {
      const chat = tokenizer.chat(conversationOf(turn), { addGenerationPrompt: false })
      return { audio, layout: audios[audio]!.layout, ...chat }
    }),
  )
  const learnt = conversations.reduce((sum, { learn }) => sum + learn.filter(Boolean).length, 0)
  const silent = draws.findIndex(({ turns }) => turns.length === 0)
  if (silent >= 0) throw new Error(`collate: expected a question about each audio, got none about ${silent}`)
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
      ...memoryFeeds(audios, config, shape),
      ...sequenceFeeds(audios, config, shape),
      ...textFeeds(conversations, shape, learnt),
    },
  }
}

/** Padding to it costs attention alone. */
const TEXT_STEP = 16

/** What the language model is given of an audio, and where it stands. */
interface HeardAudio {
  readonly heard: readonly HeardTokens[]
  readonly layout: Layout
}

interface Conversation {
  /** Which audio it is about, and where that stands before it. */
  readonly audio: number
  readonly layout: Layout
  readonly ids: readonly number[]
  readonly learn: readonly boolean[]
}

type Feeds = Record<string, Value['data']>

/** For each audio, of which one every encoder's tokens are given, and where they stand among the keys. */
function memoryFeeds(
  audios: readonly HeardAudio[],
  { encoders }: ModelConfig,
  { samples }: BatchShape,
): Feeds {
  const feeds: Feeds = {}
  for (const [place, named] of encoders.entries()) {
    const { name } = named
    const padded = tokenCount(named, samples).audio
    const heard = audios.map(({ heard }) => heard[place] as HeardTokens)
    feeds[`${name}.hears`] = BigInt64Array.from(heard, ({ audio }) => BigInt(audio))
    feeds[`${name}.mask`] = lengthMask(
      heard.map(({ tokens }) => tokens),
      padded,
    )
    feeds[`${name}.positions`] = consecutive(
      audios.map(({ layout }) => layout.keyStart[name] ?? 0),
      padded,
    )
  }
  return feeds
}

/** Where the audio tokens stand that go through the layers, each encoder's behind the last one's that is heard. */
function sequenceFeeds(
  audios: readonly HeardAudio[],
  { integration, encoders }: ModelConfig,
  { samples }: BatchShape,
): Feeds {
  const longest = encoders.map((named) => ({ name: named.name, tokens: tokenCount(named, samples).audio }))
  const padded = layOut(integration, longest).sequence
  const length = sum(padded)
  if (length === 0) return {}
  const audioPositions = new BigInt64Array(audios.length * length)
  const tokensOf = audios.map(({ layout }, audio) => {
    const places: number[] = []
    let position = layout.sequenceStart
    let place = 0
    for (const [part, count] of layout.sequence.entries()) {
      for (let i = 0; i < (padded[part] as number); i++, place++) {
        audioPositions[audio * length + place] = BigInt(position + i)
        if (i < count) places.push(place)
      }
      position += count
    }
    return places
  })
  // Nobody sees this one, as its mask has it, but the graph has no rows of no tokens.
  if (tokensOf.every(({ length }) => length === 0)) tokensOf[0]!.push(0)
  return { audioPositions, ...raggedFeeds('audio', tokensOf, length) }
}

function textFeeds(
  conversations: readonly Conversation[],
  { audios, rows, textLength }: BatchShape,
  learnt: number,
): Feeds {
  const ids = new BigInt64Array(rows * textLength)
  const about = new Float32Array(rows * audios)
  const labels: bigint[] = []
  const isRead: boolean[] = []
  const tokensOf = conversations.map(({ audio, ids: text, learn }, row) => {
    about[row * audios + audio] = 1
    const before = text.slice(0, -1)
    for (const [i, id] of before.entries()) {
      ids[row * textLength + i] = BigInt(id)
      isRead.push(learn[i + 1] as boolean)
      if (learn[i + 1]) labels.push(BigInt(text[i + 1] as number))
    }
    return [...before.keys()]
  })
  return {
    ids,
    positions: consecutive(
      conversations.map(({ layout }) => layout.sequenceStart + sum(layout.sequence)),
      textLength,
    ),
    ...raggedFeeds('text', tokensOf, textLength),
    ...selectFeeds('text', isRead),
    ...(rows === audios ? {} : { about }),
    labels: BigInt64Array.from(labels),
    weights: new Float32Array(learnt).fill(1 / learnt),
  }
}

/** For each start, so many numbers from it on: [starts, length]. */
function consecutive(starts: readonly number[], length: number): BigInt64Array {
  const numbers = new BigInt64Array(starts.length * length)
  for (const [row, start] of starts.entries()) {
    for (let i = 0; i < length; i++) numbers[row * length + i] = BigInt(start + i)
  }
  return numbers
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
