import { CLOCK_FEATURES, clockFeatures } from '../../connectors/clock.js'
import { Graph, type Tensor } from '../../graph/tensor.js'
import { type Layout, layOut, type TokensByRoute } from '../../integration/layout.js'
import { joined } from '../../joined.js'
import { cacheInput, type KeyValueCache, roomFor } from '../../llm/kv-cache.js'
import type { Value } from '../../runtime/protocol.js'
import type { Program, Runtime, WeightSource } from '../../runtime/runtime.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { integrateGraph } from '../network/integrate-graph.js'
import { hasClock, Network } from '../network/network.js'
import { tokensEnd, tokenTimes } from '../network/token-count.js'
import type { EncodedAudio } from './audio-encoder.js'
import { type LanguageModel, type Prompt, positionFeeds } from './language-model.js'

/**
 * Audio as the language model remembers it: the start of a key/value cache, made once and good for any number of
 * questions, each of which goes on from a copy.
 */
export interface AudioPrefix {
  readonly cache: KeyValueCache
  /** The position of the first token of the text. */
  readonly nextPosition: number
  readonly tokens: TokensByRoute
}

/** Audio before the language model has read what it is to read of it: the beginning of one prompt. */
export interface HeardAudio extends Pick<Prompt, 'cache' | 'audio' | 'position'> {
  readonly tokens: TokensByRoute
}

/** Makes the language model hear encoded audio, by the model's integration. */
export class Listener {
  readonly #config: ModelConfig
  readonly #program: Program
  /** The layers that remember audio without reading it (LAL), and those whose gated blocks attend to it (Flamingo). */
  readonly #layers: HearingLayers
  readonly #languageModel: LanguageModel

  private constructor(
    config: ModelConfig,
    program: Program,
    layers: HearingLayers,
    languageModel: LanguageModel,
  ) {
    this.#config = config
    this.#program = program
    this.#layers = layers
    this.#languageModel = languageModel
  }

  static async compile(
    runtime: Runtime,
    config: ModelConfig,
    weights: (name: string) => WeightSource | undefined,
    languageModel: Promise<LanguageModel>,
  ): Promise<Listener> {
    const { sequence, memory, cross } = integrateGraph(new Network(new Graph(), config))
    const parts: (readonly [string, Tensor])[] = []
    for (const [layer, one] of memory.entries()) {
      if (one) parts.push([cacheInput.keys(layer), one.keys], [cacheInput.values(layer), one.values])
    }
    for (const [layer, one] of cross.entries()) {
      if (one)
        parts.push([cacheInput.crossKeys(layer), one.keys], [cacheInput.crossValues(layer), one.values])
    }
    const heard = (name: string) => `heard.${name}`
    const program = await runtime.compile(
      {
        ...(sequence && { sequence }),
        ...Object.fromEntries(parts.map(([name, tensor]) => [heard(name), tensor])),
      },
      {
        weights,
        // An audio of some seconds has hundreds of tokens. Of one of 16 this costs some 5 ms at 8 bits, of one of 64 nothing.
        blockProducts: 'manyRows',
        // They are written where the language model looks for them.
        inPlace: Object.fromEntries(parts.map(([name]) => [heard(name), name])),
      },
    )
    const isThere = (one: unknown) => one !== undefined
    const layers = { memory: memory.map(isThere), cross: cross.map(isThere) }
    return new Listener(config, program, layers, await languageModel)
  }

  /**
   * @param audios heard one after the other, as if they were one
   * @throws the signal's reason, between two chunks of what is read
   */
  async listen(audios: readonly EncodedAudio[], signal?: AbortSignal): Promise<AudioPrefix> {
    const { cache, audio, position, tokens } = await this.hear(audios)
    try {
      if (audio) await this.#languageModel.read(cache, { audio }, position, signal)
      await cache.home() // What the runtime keeps is freed only when it is asked for.
    } catch (error) {
      await cache.release()
      throw error
    }
    return { cache, nextPosition: position + tokens.plits, tokens }
  }

  /**
   * What is heard without being read, which is all that LAL hears. What is to be read is read with the question, so that the language
   * model's weights are gone through once.
   * @param textTokens that there is to be room for, and some more. @default none: whoever asks goes on from a copy
   */
  async hear(audios: readonly EncodedAudio[], textTokens?: number): Promise<HeardAudio> {
    const { feeds, layout } = this.#place(audios)
    const { tokens, sequenceStart: position } = layout
    const { memory, cross } = this.#layers
    const rows = memory.map((hears) => (hears ? tokens.lal : 0))
    const capacityFor = (own: number) =>
      textTokens === undefined ? own + tokens.plits : roomFor(own + tokens.plits + textTokens)
    const cache = this.#languageModel.emptyCache({
      capacities: rows.map(capacityFor),
      cross: cross.map((hears) => (hears ? tokens.cross : undefined)),
    })
    const room = this.#emptyRows(capacityFor(tokens.lal) - tokens.lal)
    const { outputs } = await this.#program.run({ ...feeds, room }, cache.arena)
    cache.advance(rows)
    return { cache, audio: outputs.sequence?.data as Float32Array | undefined, position, tokens }
  }

  /** Where the tokens of each encoder stand, and what the program is fed. */
  #place(audios: readonly EncodedAudio[]): {
    readonly layout: Layout
    readonly feeds: Readonly<Record<string, Value>>
  } {
    const { integration, llm, encoders } = this.#config
    const tokens = encoders.map(({ name }) => ({
      name,
      data: joined(audios.map((audio) => audio.get(name)!)),
    }))
    const counts = tokens.map(({ name, data }) => ({ name, tokens: data.length / llm.hiddenSize }))
    const layout = layOut(integration, counts)
    const starts = this.#starts(audios)
    const feeds: Record<string, Value> = {}
    for (const [i, { name, data }] of tokens.entries()) {
      const length = counts[i]!.tokens
      feeds[`${name}.tokens`] = { data, dims: [1, length, llm.hiddenSize] }
      Object.assign(feeds, positionFeeds(`${name}.`, llm, layout.keyStart[name] ?? 0, length))
      const named = encoders[i]!
      if (!hasClock(named.connector)) continue
      const times = audios.flatMap((audio, at) => tokenTimes(named, this.#count(audio, named), starts[at]))
      feeds[`${name}.clock`] = { data: clockFeatures(times), dims: [1, length, CLOCK_FEATURES] }
    }
    return { layout, feeds }
  }

  /** When each audio begins, in seconds: where all encoders whose tokens know the time have ended the one before. */
  #starts(audios: readonly EncodedAudio[]): readonly number[] {
    const timed = this.#config.encoders.filter(({ connector }) => hasClock(connector))
    let end = 0
    return audios.map((audio) => {
      const start = end
      end = Math.max(start, ...timed.map((named) => tokensEnd(named, this.#count(audio, named), start)))
      return start
    })
  }

  /** The tokens that an encoder made of an audio. */
  #count(audio: EncodedAudio, { name }: NamedEncoder): number {
    return audio.get(name)!.length / this.#config.llm.hiddenSize
  }

  /** Of one layer: [1, keyValueHeads, rows, headSize]. */
  #emptyRows(rows: number): Value {
    const { keyValueHeads, headSize } = this.#config.llm
    return {
      data: new Float32Array(keyValueHeads * rows * headSize),
      dims: [1, keyValueHeads, rows, headSize],
    }
  }
}

type HearingLayers = Readonly<Record<'memory' | 'cross', readonly boolean[]>>
