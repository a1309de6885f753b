import type { Draw } from '../data/source.js'
import { PalError } from '../errors.js'
import { layOut } from '../integration/layout.js'
import type { ModelConfig, NamedEncoder } from '../model/config.js'
import { tokenCount } from '../model/token-count.js'
import { MASKED } from '../nn/attention.js'
import type { Random } from '../random.js'
import type { Value } from '../runtime/protocol.js'
import type { AudioShape, BatchShape } from './training-graph.js'

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

/** What to hide of each audio's features, drawn by a generator. */
export interface Hiding {
  readonly settings: HiddenFeatures
  readonly random: Random
}

/** How an audio reaches the language model, if not as each encoder hears it. */
export interface Hearing {
  /** An encoder that is not heard: modality dropout (ModDrop, Neverova et al. 2015), to learn from the others, too. */
  readonly unheard?: string | undefined
  /** An encoder of which another audio of the batch is heard, to learn whom to believe where encoders disagree. */
  readonly misheard?: { readonly encoder: string; readonly as: number } | undefined
}

/** One of the encoders, or none. @param shares how often each, by name */
export function drawEncoder(shares: Readonly<Record<string, number>>, random: Random): string | undefined {
  let left = random.next()
  return Object.entries(shares).find(([, share]) => {
    left -= share
    return left < 0
  })?.[0]
}

/** What a program is fed for one step, and what it is compiled for. */
export interface Batch<Shape extends AudioShape = AudioShape> {
  /** What it was made of, audio for audio. */
  readonly draws: readonly Draw[]
  readonly shape: Shape
  readonly feeds: Readonly<Record<string, Value['data']>>
  /** Tokens, or labels, whose likelihood is learnt. */
  readonly learnt: number
  /** Seconds of audio, without padding. */
  readonly seconds: number
}

/**
 * Pads draws to one shape: audio with silence (masked), text at its end. Each question is a conversation of
 * its own that listens to its audio; only the answer's tokens are learnt.
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
      ...memoryFeeds(draws, conversations, config, shape, hearing),
      ...textFeeds(draws, conversations, config, shape, learnt),
    },
  }
}

/** Lengths are rounded up to these, so that few programs are compiled. */
const TEXT_STEP = 16
/** Per conversation. */
const LEARNT_STEP = 16

interface Conversation {
  readonly audio: number
  readonly ids: readonly number[]
  readonly learn: readonly boolean[]
}

/** The waveforms and, for each encoder, what of its tokens is padding and what of its features is hidden. */
export function audioFeeds(
  draws: readonly Draw[],
  config: ModelConfig,
  { audios, samples }: AudioShape,
  hide: Hiding | undefined,
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
  const feeds: Record<string, Value['data']> = { waveform }
  for (const named of config.encoders) {
    const counts = draws.map((draw) => tokenCount(named, draw.samples.length).encoder)
    feeds[`${named.name}.encoderMask`] = lengthMask(counts, tokenCount(named, samples).encoder)
    feeds[`${named.name}.lengths`] = Float32Array.from(draws, ({ samples }) => samples.length)
    if (hide) Object.assign(feeds, hiddenFeeds(named, audios, samples, hide))
  }
  return feeds
}

/** For each conversation, which audio it listens to, and where that audio's tokens stand. */
function memoryFeeds(
  draws: readonly Draw[],
  conversations: readonly Conversation[],
  config: ModelConfig,
  { samples, rows }: BatchShape,
  hearing: readonly Hearing[],
): Record<string, Value['data']> {
  const feeds: Record<string, Value['data']> = {}
  for (const named of config.encoders) {
    const { name } = named
    const padded = tokenCount(named, samples).audio
    const counts = draws.map((draw) => tokenCount(named, draw.samples.length).audio)
    const heard = conversations.map(({ audio }) => {
      const { unheard, misheard } = hearing[audio] ?? {}
      const as = misheard?.encoder === name ? misheard.as : audio
      return { as, count: unheard === name ? 0 : (counts[as] as number) }
    })
    feeds[`${name}.listensTo`] = BigInt64Array.from(heard, ({ as }) => BigInt(as))
    feeds[`${name}.mask`] = lengthMask(
      heard.map(({ count }) => count),
      padded,
    )
    const positions = new BigInt64Array(rows * padded)
    for (const [row, { audio }] of conversations.entries()) {
      const start = layoutOf(config, draws[audio] as Draw).keyStart[name] ?? 0
      for (let i = 0; i < padded; i++) positions[row * padded + i] = BigInt(start + i)
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
      learntAt[next] = BigInt(row * textLength + i)
      labels[next] = BigInt(tokens[i + 1] as number)
      weights[next++] = 1 / learnt
    }
  }
  return { ids, positions, learntAt, labels, weights }
}

function hiddenFeeds(
  named: NamedEncoder,
  audios: number,
  samples: number,
  { settings, random }: Hiding,
): Record<string, Value['data']> {
  const { hopSize, melBins, sampleRate } = named.encoder
  const frames = tokenCount(named, samples).samples / hopSize
  const longest = (settings.maxSeconds * sampleRate) / hopSize
  return {
    [`${named.name}.frames`]: stretches(random, audios, frames, settings.timeMasks, longest),
    [`${named.name}.bins`]: stretches(random, audios, melBins, settings.bandMasks, settings.maxBins),
  }
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

export function secondsOf(draws: readonly Draw[], config: ModelConfig): number {
  return draws.reduce((sum, { samples }) => sum + samples.length, 0) / sampleRateOf(config)
}

function countsOf({ encoders }: ModelConfig, samples: number) {
  return encoders.map((named) => ({ name: named.name, tokens: tokenCount(named, samples).audio }))
}

export function sampleRateOf({ encoders }: Pick<ModelConfig, 'encoders'>): number {
  const [first] = encoders
  if (!first) throw new PalError('expected at least one encoder, got none', { key: 'model.encoders' })
  return first.encoder.sampleRate
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
