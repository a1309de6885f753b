import { CLOCK_FEATURES, clockFeatures } from '../../connectors/clock.js'
import { Graph } from '../../graph/tensor.js'
import { layOut, type TokensByRoute } from '../../integration/layout.js'
import { joined } from '../../joined.js'
import type { KeyValueCache, LayerRows } from '../../llm/kv-cache.js'
import type { Value } from '../../runtime/protocol.js'
import type { Program, Runtime, WeightSource } from '../../runtime/runtime.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { integrateGraph } from '../network/integrate-graph.js'
import { emptyCache } from '../network/layer-groups.js'
import { hasClock, Network } from '../network/network.js'
import { tokensEnd, tokenTimes } from '../network/token-count.js'
import type { EncodedAudio } from './audio-encoder.js'
import { type LanguageModel, positionFeeds, rowsOf } from './language-model.js'

/**
 * Audio as the language model remembers it: the start of a key/value cache, made once and good for any number of
 * questions.
 */
export interface AudioPrefix {
  /** For each layer of the language model, what its tokens attend to. */
  readonly layers: LayerRows
  /** For each layer, what its gated block attends to (Flamingo only). */
  readonly cross: LayerRows
  /** The position of the first token of the text. */
  readonly nextPosition: number
  readonly tokens: TokensByRoute
}

/** Makes the language model hear encoded audio, by the model's integration. */
export class Listener {
  readonly #config: ModelConfig
  readonly #program: Program
  readonly #languageModel: LanguageModel

  private constructor(config: ModelConfig, program: Program, languageModel: LanguageModel) {
    this.#config = config
    this.#program = program
    this.#languageModel = languageModel
  }

  static async compile(
    runtime: Runtime,
    config: ModelConfig,
    weights: (name: string) => WeightSource | undefined,
    languageModel: Promise<LanguageModel>,
  ): Promise<Listener> {
    const { sequence, memory, cross } = integrateGraph(new Network(new Graph(), config))
    const named = (what: string, layers: typeof memory) =>
      layers.flatMap((one, layer) =>
        one
          ? [[`${what}.${layer}.keys`, one.keys] as const, [`${what}.${layer}.values`, one.values] as const]
          : [],
      )
    const outputs = Object.fromEntries([
      ...(sequence ? [['sequence', sequence] as const] : []),
      ...named('memory', memory),
      ...named('cross', cross),
    ])
    const program = await runtime.compile(outputs, { weights })
    return new Listener(config, program, await languageModel)
  }

  /** @param audios heard one after the other, as if they were one */
  async listen(audios: readonly EncodedAudio[], signal?: AbortSignal): Promise<AudioPrefix> {
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
    const { outputs } = await this.#program.run(feeds)

    const rowsByLayer = (what: string) =>
      Array.from({ length: llm.layers }, (_, layer) => rowsOf(outputs, `${what}.${layer}`))
    const cross = rowsByLayer('cross')
    const memory = rowsByLayer('memory')
    const audio = outputs.sequence?.data as Float32Array | undefined
    return {
      layers: audio ? await this.#read(audio, layout.sequenceStart, { memory, cross }, signal) : memory,
      cross,
      nextPosition: layout.sequenceStart + layout.tokens.plits,
      tokens: layout.tokens,
    }
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

  /** What is remembered of audio tokens that the language model reads, behind what it hears without reading. */
  async #read(
    audio: Float32Array,
    position: number,
    { memory, cross }: { readonly memory: LayerRows; readonly cross: LayerRows },
    signal: AbortSignal | undefined,
  ): Promise<LayerRows> {
    const cache = emptyCache(this.#config, cross)
    cache.append(memory)
    await this.#languageModel.read(cache, { audio }, position, signal)
    await cache.home()
    return cache.lengths().map((_, layer) => cache.rows(layer))
  }
}

/**
 * A cache that goes on from what was heard.
 * @param room for so many tokens of text
 */
export function cacheFrom(config: ModelConfig, memory: AudioPrefix, room = 0): KeyValueCache {
  const cache = emptyCache(config, memory.cross)
  cache.append(memory.layers, 0, room)
  return cache
}
