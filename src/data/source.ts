import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import type { Message } from '../text/chat.js'
import type { Applied } from './augment/applied.js'
import type { SceneEvent } from './scenes/scene.js'

/** A question about an audio and its answer, as what was said before may have led to it. */
export interface Turn {
  /** Questions and answers, by turns, perhaps behind a system's message. */
  readonly before?: readonly Message[]
  readonly question: string
  readonly answer: string
  readonly task: string
  /** Which form of the task, where it has several. */
  readonly form?: string
}

/** All that is said about an audio in one conversation; its answers are learnt, but for those before that are read only. */
export function conversationOf({ before = [], question, answer }: Turn): readonly Message[] {
  return [...before, { role: 'user', content: question }, { role: 'assistant', content: answer }]
}

/** A labelled stretch of an audio. */
export type Sound = Pick<SceneEvent, 'label' | 'startSeconds' | 'endSeconds' | 'clip'>

/** A sound that nobody recorded: see `ImaginedScores`. */
export interface ImaginedSound {
  /** The encoder that hears it, by its name; all others hear the audio's samples. */
  readonly encoder: string
  /** Which of that encoder's labels it has, by its number. */
  readonly label: number
  readonly seed: number
}

/** An audio, mono at the source's sample rate, and what is asked about it. */
export interface Draw {
  readonly samples: Float32Array
  readonly turns: readonly Turn[]
  /** What sounds in it and when, where that is known. */
  readonly sounds?: readonly Sound[]
  /** Whether the very same samples may be drawn again, so that what is made of them is worth keeping. @default false */
  readonly recurs?: boolean
  /** What one of the encoders hears instead of the samples; the questions are about that. */
  readonly imagined?: ImaginedSound
  /** What augmentation did, where there is any: to the audio, or to each sound of a scene. */
  readonly augmented?: readonly Applied[]
}

/**
 * Where training examples come from. Draws are pure functions of the generator: the same generator gives the
 * same draw, so a resumed run needs no state of the data.
 */
export interface Source {
  readonly name: string
  readonly sampleRate: number
  /**
   * Tells before the first draw of at most so many seconds what would stop a later one.
   * @throws PalError as `drawWithin` would
   */
  check(maxSeconds: number): void
  /** Tasks that it is to ask and can ask about nothing of at most so many seconds, where it makes its questions itself. */
  readonly unasked?: (maxSeconds: number) => readonly string[]
  draw(random: Random): Draw
  /**
   * A draw of at most so many seconds, so that a batch can be of similar lengths.
   * @throws PalError when the source has nothing that short.
   */
  drawWithin(random: Random, maxSeconds: number): Draw
  /** Its examples of at most so many seconds, where there is an end to them. */
  readonly examples?: (maxSeconds: number) => Examples
}

/** All examples of a source, to be drawn by their numbers: each once, before any comes again. */
export interface Examples {
  readonly size: number
  /** @param random for what may still be drawn about one, such as what is asked */
  at(index: number, random: Random): Draw
}

/**
 * One source made of several, each drawn from in proportion to its weight.
 * @throws PalError for a weight that is not positive or for sources of different sample rates.
 */
export function mix(
  parts: readonly { readonly source: Source; readonly weight: number }[],
  name = 'mix',
): Source {
  const [first] = parts
  if (!first) throw new PalError('expected at least one source, got none', { key: name })
  for (const { source, weight } of parts) {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new PalError(`expected a weight above 0, got ${weight}`, { key: `${name}.${source.name}` })
    }
    if (source.sampleRate !== first.source.sampleRate) {
      throw new PalError(
        `expected every source at ${first.source.sampleRate} Hz, got ${source.sampleRate} Hz from ${source.name}`,
        { key: name },
      )
    }
  }
  const pick = (random: Random) => random.weighted(parts, (part) => part.weight).source
  return {
    name,
    sampleRate: first.source.sampleRate,
    check(maxSeconds) {
      for (const { source } of parts) source.check(maxSeconds)
    },
    draw: (random) => pick(random).draw(random),
    drawWithin: (random, maxSeconds) => pick(random).drawWithin(random, maxSeconds),
    ...(parts.length === 1 && first.source.examples && { examples: first.source.examples }),
  }
}
