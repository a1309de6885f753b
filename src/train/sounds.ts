import type { Draw, Sound } from '../data/source.js'
import { tokenGrid } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Value } from '../runtime/protocol.js'
import { audioFeeds } from './audio-feeds.js'
import { type Batch, roundUp, secondsOf } from './batch.js'
import type { Hiding } from './spec-augment.js'
import type { AudioShape } from './training-graph.js'

/** The lengths that a step is compiled for that learns what sounds when. */
export interface SoundShape extends AudioShape {
  /** The most sounds of one audio. */
  readonly sounds: number
}

/** One sound of an audio: an example to learn from. A scene of k sounds is k of them, each of weight 1/k. */
export interface SoundExample {
  /** None where an audio has fewer sounds than the batch has room for. */
  readonly label: string | undefined
  /** Which of its scene's sounds it is, counted from the first and from the last. */
  readonly place: number
  readonly placeFromEnd: number
  readonly weight: number
}

/** What a step that learns what sounds when is fed, but for what it asks of each example. */
export interface SoundBatch extends Batch<SoundShape> {
  readonly examples: readonly SoundExample[]
}

/**
 * Pads draws to one shape. Beside what `audioFeeds` says: `weights` [examples], and for each encoder `name.share`
 * [audios, sounds, tokens], by which the mean of the tokens is taken while a sound lasts.
 *
 * @param tokens which of an encoder's tokens are meant: its own, or those that leave its connector
 * @throws PalError for audio whose sounds are not known
 */
export function collateSounds(
  draws: readonly Draw[],
  config: ModelConfig,
  samples: number,
  tokens: 'encoder' | 'audio',
  hide?: Hiding,
): SoundBatch {
  const heard = draws.map(({ sounds = [] }) => {
    if (sounds.length > 0) return sounds
    throw new PalError(
      'expected audio whose sounds are labelled, for the objectives "labels", "timeline" and "words", got audio without',
      { hint: 'Draw from clips and scenes there; a manifest says nothing of labels.' },
    )
  })
  const shape = { audios: draws.length, samples, sounds: roundUpSounds(heard) }
  const examples = heard.flatMap((sounds) =>
    Array.from({ length: shape.sounds }, (_, i) => ({
      label: sounds[i]?.label,
      place: sounds[i] ? i : 0,
      placeFromEnd: sounds[i] ? sounds.length - 1 - i : 0,
      weight: sounds[i] ? 1 / (sounds.length * draws.length) : 0,
    })),
  )
  const feeds: Record<string, Value['data']> = {
    ...audioFeeds(draws, config, shape, hide),
    weights: Float32Array.from(examples, ({ weight }) => weight),
  }
  for (const named of config.encoders) {
    feeds[`${named.name}.share`] = meansWhile(heard, draws, named, shape, tokens)
  }
  return { draws, shape, examples, feeds, learnt: heard.flat().length, seconds: secondsOf(draws, config) }
}

/** Single sounds have a program of their own; those of scenes share few. */
function roundUpSounds(heard: readonly (readonly Sound[])[]): number {
  const most = Math.max(...heard.map((sounds) => sounds.length))
  return most === 1 ? 1 : roundUp(most, 4)
}

/**
 * [audios, sounds, tokens]: 1/n over the n tokens whose time step a sound lasts through, or a part of it. A Q-Former's
 * tokens have no time: all of them are meant.
 */
function meansWhile(
  heard: readonly (readonly Sound[])[],
  draws: readonly Draw[],
  named: NamedEncoder,
  { samples, sounds: most }: SoundShape,
  tokens: 'encoder' | 'audio',
): Float32Array {
  const padded = tokenCount(named, samples)
  const longest = padded[tokens]
  const pool = padded.encoder / longest
  const hasTime = tokens === 'encoder' || named.connector.kind !== 'qformer'
  const share = new Float32Array(draws.length * most * longest)
  for (const [audio, sounds] of heard.entries()) {
    const count = tokenCount(named, (draws[audio] as Draw).samples.length)
    for (const [i, sound] of sounds.entries()) {
      const { first, end } = tokensWhile(named, count.encoder, sound)
      const from = hasTime ? Math.floor(first / pool) : 0
      const to = hasTime ? Math.ceil(end / pool) : longest
      const row = (audio * most + i) * longest
      share.fill(1 / (to - from), row + from, row + to)
    }
  }
  return share
}

/** Which of so many tokens of an encoder are of a time step that a sound lasts through, or a part of it; `end` excluded. */
export function tokensWhile(
  { encoder }: Pick<NamedEncoder, 'encoder'>,
  tokens: number,
  { startSeconds, endSeconds }: Pick<Sound, 'startSeconds' | 'endSeconds'>,
): { readonly first: number; readonly end: number } {
  const { samplesPerStep, tokensPerStep } = tokenGrid(encoder)
  const perSecond = encoder.sampleRate / samplesPerStep
  return {
    first: Math.min(Math.floor(startSeconds * perSecond) * tokensPerStep, tokens - tokensPerStep),
    end: Math.min(Math.ceil(endSeconds * perSecond) * tokensPerStep, tokens),
  }
}
