import type { Audio } from '../../audio/audio.js'
import { readAudio, readSamples, type Samples } from '../../audio/read-audio.js'
import { kindOf, onOneLine } from '../../check-options.js'
import { PalError } from '../../errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ListenOptions } from '../ask-options.js'
import type { ModelDescription } from '../config/model-description.js'
import type { OpenedModel } from '../stored/model-folder.js'
import type { Timings } from './answer.js'
import { AudioEncoder, type EncodedAudio } from './audio-encoder.js'
import type { LanguageModel } from './language-model.js'
import { type AudioPrefix, type HeardAudio, Listener } from './listener.js'

/**
 * A path ('-' for standard input) or a file: URL, the bytes of a file, decoded audio, or audio that was listened to before.
 */
export type AudioInput = string | URL | Uint8Array | Samples | AudioMemory

/** What is yet to be heard. */
type Unheard = Exclude<AudioInput, AudioMemory>

/** Audio that was listened to: good for any number of questions, without hearing it again. */
export interface AudioMemory extends Pick<AudioPrefix, 'tokens'>, Heard {}

/** Audio that was heard for one question. */
export interface HeardOnce extends HeardAudio, Heard {}

interface Heard {
  readonly seconds: number
  readonly warnings: readonly string[]
  /** What it took to make. */
  readonly timings: Pick<Timings, 'decodeMs' | 'encodeMs'>
  /** The tokens that it is made from, so that memories can be joined. */
  readonly encoded: readonly EncodedAudio[]
}

/** From whatever holds audio to what the language model remembers of it. */
export class Ears {
  readonly #description: ModelDescription
  readonly #encoder: AudioEncoder
  readonly #listener: Promise<Listener>
  /** What questions about a memory go on from. It is not to be had from the memory, whose every question would end with its release. */
  readonly #starts = new WeakMap<AudioMemory, Pick<AudioPrefix, 'cache' | 'nextPosition'>>()

  constructor(runtime: Runtime, { config, weights }: OpenedModel, languageModel: Promise<LanguageModel>) {
    this.#description = config
    this.#encoder = new AudioEncoder(runtime, config.model, weights)
    this.#listener = Listener.compile(runtime, config.model, weights, languageModel)
    this.#listener.catch(() => undefined) // Whoever listens is told.
  }

  /**
   * Several audios are heard one after the other, as if they were one.
   * @throws PalError for audio that cannot be read or is none, and for a memory of another model
   */
  async listen(audio: AudioInput | readonly AudioInput[], options: ListenOptions = {}): Promise<AudioMemory> {
    const inputs = inputsOf(audio)
    const given = this.#given(inputs)
    if (given) return given
    const { cache, nextPosition, ...memory } = await this.#encodeAll(inputs, options, (listener, encoded) =>
      listener.listen(encoded, options.signal),
    )
    this.#starts.set(memory, { cache, nextPosition })
    return memory
  }

  /**
   * The same for a single question, whose cache it is.
   * @param textTokens that there is to be room for
   */
  async hear(
    audio: AudioInput | readonly AudioInput[],
    textTokens: number,
    options: ListenOptions = {},
  ): Promise<HeardOnce> {
    const inputs = inputsOf(audio)
    const given = this.#given(inputs)
    if (!given)
      return this.#encodeAll(inputs, options, (listener, encoded) => listener.hear(encoded, textTokens))
    const { cache, nextPosition } = this.#starts.get(given)!
    return { ...given, cache: cache.copy(textTokens), audio: undefined, position: nextPosition }
  }

  /** A memory that is all that was given. */
  #given([first, ...others]: readonly AudioInput[]): AudioMemory | undefined {
    return first !== undefined && others.length === 0 && isMemory(first) ? this.#expectOwn(first) : undefined
  }

  /** @param listen to all of it, as if it were one */
  async #encodeAll<T>(
    inputs: readonly AudioInput[],
    options: ListenOptions,
    listen: (listener: Listener, encoded: readonly EncodedAudio[]) => Promise<T>,
  ): Promise<T & Heard> {
    const parts: Heard[] = []
    for (const input of inputs) {
      parts.push(isMemory(input) ? this.#expectOwn(input) : await this.#encode(input, options))
    }
    const start = performance.now()
    const encoded = parts.flatMap((part) => part.encoded)
    const heard = await listen(await this.#listener, encoded)
    const seconds = total(parts, (part) => part.seconds)
    const warnings = [...parts.flatMap((part) => part.warnings), ...this.#lengthWarnings(seconds)]
    return {
      ...heard,
      seconds,
      encoded,
      warnings: [...new Set(warnings)],
      timings: {
        decodeMs: total(parts, ({ timings }) => timings.decodeMs),
        encodeMs: total(parts, ({ timings }) => timings.encodeMs) + performance.now() - start,
      },
    }
  }

  async #encode(input: Unheard, options: ListenOptions): Promise<Heard> {
    const start = performance.now()
    const { samples, seconds, warnings } = await this.#read(input, options)
    const decoded = performance.now()
    const encoded = await this.#encoder.encode(samples, options.signal)
    expectNumbers(encoded, input)
    const timings = { decodeMs: decoded - start, encodeMs: performance.now() - decoded }
    return { seconds, warnings, encoded: [encoded], timings }
  }

  #read(
    input: Unheard,
    { maxSeconds, signal }: ListenOptions,
  ): Promise<Pick<Audio, 'samples' | 'seconds' | 'warnings'>> {
    const { sampleRate } = this.#description
    return isStored(input)
      ? readAudio(input, { sampleRate, maxSeconds, signal })
      : readSamples(input, sampleRate)
  }

  #lengthWarnings(seconds: number): readonly string[] {
    const { trainedSeconds } = this.#description
    if (seconds <= trainedSeconds) return []
    return [
      `the audio is ${seconds.toFixed(1)} s long, the model was trained on up to ${trainedSeconds} s: all of it was heard, but the answer may be poor`,
    ]
  }

  #expectOwn(memory: AudioMemory): AudioMemory {
    if (this.#starts.has(memory)) return memory
    throw new PalError('expected a memory that this model made with `listen`, got one of another', {
      key: 'audio',
    })
  }
}

/** @throws PalError for what is no audio */
function inputsOf(audio: AudioInput | readonly AudioInput[]): readonly AudioInput[] {
  const inputs: readonly AudioInput[] = isList(audio) ? audio : [audio]
  for (const input of inputs) expectAudio(input)
  if (inputs.length === 0) throw new PalError('expected audio, got an empty list', { key: 'audio' })
  return inputs
}

function isList(audio: AudioInput | readonly AudioInput[]): audio is readonly AudioInput[] {
  return Array.isArray(audio)
}

/** Whether it is yet to be decoded. */
function isStored(input: unknown): input is string | URL | Uint8Array {
  return typeof input === 'string' || input instanceof URL || input instanceof Uint8Array
}

function isMemory(input: AudioInput): input is AudioMemory {
  return typeof input === 'object' && 'encoded' in input
}

/** Programs without types may give anything. */
function expectAudio(input: unknown): void {
  if (isStored(input)) return
  const { encoded, samples, sampleRate } = (input ?? {}) as Partial<AudioMemory & Samples>
  if (encoded || (samples instanceof Float32Array && typeof sampleRate === 'number')) return
  const looksLikeSamples = samples !== undefined || sampleRate !== undefined
  if (looksLikeSamples && !(samples instanceof Float32Array)) {
    throw new PalError(`expected samples in a Float32Array, got ${kindOf(samples)}`, {
      key: 'audio.samples',
      hint: 'Whole numbers want dividing by the largest: Float32Array.from(samples, (value) => value / 32768) of 16 bits.',
    })
  }
  if (looksLikeSamples)
    throw new PalError(`expected a rate in Hz, got ${onOneLine(sampleRate)}`, { key: 'audio.sampleRate' })
  throw new PalError(
    `expected a path or a file: URL, the bytes of a file, { samples, sampleRate } or what \`listen\` gave, got ${kindOf(input)}`,
    {
      key: 'audio',
      hint: 'Samples, a Float32Array, say nothing without their rate in Hz: { samples, sampleRate: 16000 }.',
    },
  )
}

/** What is no number goes through the language model to the end, and the answer is as long as it may be and says nothing. */
function expectNumbers(encoded: EncodedAudio, input: Unheard): void {
  for (const [encoder, tokens] of encoded) {
    if (tokens.every(Number.isFinite)) continue
    throw new PalError(
      `expected audio that the encoder "${encoder}" can hear, got samples that it overflows at`,
      {
        ...(typeof input === 'string' || input instanceof URL ? { file: String(input) } : { key: 'audio' }),
        hint: 'Samples should be within [-1, 1].',
      },
    )
  }
}

function total<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0)
}
