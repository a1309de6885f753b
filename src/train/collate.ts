import type { Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import { layOut } from '../integration/layout.js'
import type { ModelConfig } from '../model/config.js'
import { type TokenCount, tokenCount } from '../model/token-count.js'
import { MASKED } from '../nn/attention.js'
import type { Random } from '../random.js'
import type { Value } from '../runtime/protocol.js'
import type { BatchShape } from './training-graph.js'

/** What of a tokenizer a batch needs. */
export interface ChatEncoder {
  chat(
    messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[],
    options: { readonly addGenerationPrompt: boolean },
  ): { readonly ids: readonly number[]; readonly learn: readonly boolean[] }
}

/** Stretches of the spectrogram that are hidden (SpecAugment, Park et al. 2019). */
export interface HiddenFeatures {
  /** How many stretches of frames, and the most seconds of one. */
  readonly timeMasks: number
  readonly maxSeconds: number
  /** How many bands, and the most mel bins of one. */
  readonly bandMasks: number
  readonly maxBins: number
}

export interface Batch {
  readonly shape: BatchShape
  readonly feeds: Readonly<Record<string, Value['data']>>
  /** Tokens whose likelihood is learnt. */
  readonly learnt: number
  readonly seconds: number
}

/**
 * Pads draws to one shape: audio with silence (masked), text at its end. Each question is a conversation of
 * its own that listens to its audio; only the answer's tokens are learnt.
 *
 * @param samples the length that audio is padded to
 * @throws PalError if there is nothing to learn
 */
export function collate(
  draws: readonly Draw[],
  config: ModelConfig,
  tokenizer: ChatEncoder,
  samples: number,
  hide?: { readonly settings: HiddenFeatures; readonly random: Random },
): Batch {
  const conversations = draws.flatMap(({ turns }, audio) =>
    turns.map(({ question, answer }) => {
      const messages = [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ] as const
      return { audio, ...tokenizer.chat(messages, { addGenerationPrompt: false }) }
    }),
  )
  const learnt = conversations.reduce((sum, { learn }) => sum + learn.filter(Boolean).length, 0)
  if (learnt === 0) throw new PalError('expected answers to learn from, got a batch with no answer token')
  const shape: BatchShape = {
    audios: draws.length,
    samples,
    rows: conversations.length,
    textLength: roundUp(Math.max(...conversations.map(({ ids }) => ids.length)) - 1, TEXT_STEP),
    learnt: roundUp(learnt, LEARNT_STEP),
  }
  return {
    shape,
    learnt,
    seconds: draws.reduce((sum, draw) => sum + draw.samples.length, 0) / sampleRateOf(config),
    feeds: {
      ...audioFeeds(draws, conversations, config, shape),
      ...textFeeds(draws, conversations, config, shape, learnt),
      ...(hide ? hiddenFeeds(config, shape, hide.settings, hide.random) : {}),
    },
  }
}

/** Lengths are rounded up to these, so that few programs are compiled. */
const TEXT_STEP = 8
const LEARNT_STEP = 256

interface Conversation {
  readonly audio: number
  readonly ids: readonly number[]
  readonly learn: readonly boolean[]
}

function audioFeeds(
  draws: readonly Draw[],
  conversations: readonly Conversation[],
  config: ModelConfig,
  { audios, samples, rows }: BatchShape,
): Record<string, Value['data']> {
  const waveform = new Float32Array(audios * samples)
  for (const [i, draw] of draws.entries()) {
    if (draw.samples.length > samples) {
      throw new PalError(
        `expected audio of at most ${samples} samples in this batch, got ${draw.samples.length}`,
      )
    }
    waveform.set(draw.samples, i * samples)
  }
  const feeds: Record<string, Value['data']> = {
    waveform,
    listensTo: BigInt64Array.from(conversations, ({ audio }) => BigInt(audio)),
  }
  for (const named of config.encoders) {
    const { name } = named
    const padded = tokenCount(named, samples)
    const counts = draws.map((draw) => tokenCount(named, draw.samples.length))
    feeds[`${name}.encoderMask`] = lengthMask(
      counts.map(({ encoder }) => encoder),
      padded.encoder,
    )
    feeds[`${name}.mask`] = lengthMask(
      conversations.map(({ audio }) => (counts[audio] as TokenCount).audio),
      padded.audio,
    )
    const positions = new BigInt64Array(rows * padded.audio)
    for (const [row, { audio }] of conversations.entries()) {
      const start = layoutOf(config, draws[audio] as Draw).keyStart[name] ?? 0
      for (let i = 0; i < padded.audio; i++) positions[row * padded.audio + i] = BigInt(start + i)
    }
    feeds[`${name}.positions`] = positions
  }
  return feeds
}

function textFeeds(
  draws: readonly Draw[],
  conversations: readonly Conversation[],
  config: ModelConfig,
  { samples, rows, textLength, learnt: learntLength }: BatchShape,
  learnt: number,
): Record<string, Value['data']> {
  const padded = layOut(config.integration, countsOf(config, samples)).sequence
  const before = padded.reduce((sum, count) => sum + count, 0)
  const length = before + textLength
  const ids = new BigInt64Array(rows * textLength)
  const positions = new BigInt64Array(rows * length)
  const learntAt = new BigInt64Array(learntLength)
  const labels = new BigInt64Array(learntLength)
  const weights = new Float32Array(learntLength)
  let next = 0
  for (const [row, conversation] of conversations.entries()) {
    const { sequence, sequenceStart } = layoutOf(config, draws[conversation.audio] as Draw)
    let position = sequenceStart
    let column = 0
    for (const [part, count] of sequence.entries()) {
      for (let i = 0; i < (padded[part] as number); i++)
        positions[row * length + column++] = BigInt(position + i)
      position += count
    }
    for (let i = 0; i < textLength; i++) positions[row * length + before + i] = BigInt(position + i)
    const { ids: tokens, learn } = conversation
    for (let i = 0; i + 1 < tokens.length; i++) {
      ids[row * textLength + i] = BigInt(tokens[i] as number)
      if (!learn[i + 1]) continue
      learntAt[next] = BigInt(row * length + before + i)
      labels[next] = BigInt(tokens[i + 1] as number)
      weights[next++] = 1 / learnt
    }
  }
  return { ids, positions, learntAt, labels, weights }
}

/** Masks for each encoder: what a stretch hides, all the batch's encoders see hidden. */
function hiddenFeeds(
  { encoders }: ModelConfig,
  { audios, samples }: BatchShape,
  settings: HiddenFeatures,
  random: Random,
): Record<string, Value['data']> {
  const feeds: Record<string, Value['data']> = {}
  for (const named of encoders) {
    const { hopSize, melBins, sampleRate } = named.encoder
    const frames = tokenCount(named, samples).samples / hopSize
    const longest = (settings.maxSeconds * sampleRate) / hopSize
    feeds[`${named.name}.frames`] = stretches(random, audios, frames, settings.timeMasks, longest)
    feeds[`${named.name}.bins`] = stretches(random, audios, melBins, settings.bandMasks, settings.maxBins)
  }
  return feeds
}

/** [rows, length] of ones with a few stretches of zeros. */
function stretches(
  random: Random,
  rows: number,
  length: number,
  count: number,
  longest: number,
): Float32Array {
  const mask = new Float32Array(rows * length).fill(1)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      const size = Math.floor(random.uniform(0, Math.min(longest, length / 2) + 1))
      const start = random.integer(length - size + 1)
      mask.fill(0, row * length + start, row * length + start + size)
    }
  }
  return mask
}

/** [rows, longest]: 0 for the first `lengths[row]`, hidden behind. */
function lengthMask(lengths: readonly number[], longest: number): Float32Array {
  const mask = new Float32Array(lengths.length * longest)
  for (const [row, length] of lengths.entries())
    mask.fill(MASKED, row * longest + length, (row + 1) * longest)
  return mask
}

function layoutOf(config: ModelConfig, draw: Draw) {
  return layOut(config.integration, countsOf(config, draw.samples.length))
}

function countsOf({ encoders }: ModelConfig, samples: number) {
  return encoders.map((named) => ({ name: named.name, tokens: tokenCount(named, samples).audio }))
}

export function sampleRateOf({ encoders }: ModelConfig): number {
  const [first] = encoders
  if (!first) throw new PalError('expected at least one encoder, got none', { key: 'model.encoders' })
  return first.encoder.sampleRate
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
