import { Graph } from '../../graph/tensor.js'
import { joined } from '../../joined.js'
import { ProgramCache } from '../../runtime/program-cache.js'
import type { Runtime, WeightSource } from '../../runtime/runtime.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { encodeGraph, encoderFeeds, stretchOf } from '../network/encode-graph.js'
import { Network } from '../network/network.js'
import { windowSamples } from '../network/padded-samples.js'

/** The tokens of each encoder, by its name, at the language model's width: [tokens, hiddenSize]. */
export type EncodedAudio = ReadonlyMap<string, Float32Array>

/**
 * Encoders and connectors. Audio that is longer than an encoder's window is encoded window by window, so memory
 * is bounded, and the tokens of all windows are joined in order.
 */
export class AudioEncoder {
  readonly #runtime: Runtime
  readonly #config: ModelConfig
  readonly #weights: (name: string) => WeightSource | undefined
  /** One for each encoder and length that audio was padded to. Sound waits to be heard: without their memory they take longer. */
  readonly #programs = new ProgramCache({ keepMemory: 'always' })

  constructor(runtime: Runtime, config: ModelConfig, weights: (name: string) => WeightSource | undefined) {
    this.#runtime = runtime
    this.#config = config
    this.#weights = weights
  }

  /** @param samples [time], at the model's sample rate */
  async encode(samples: Float32Array, signal?: AbortSignal): Promise<EncodedAudio> {
    const encoded = new Map<string, Float32Array>()
    for (const named of this.#config.encoders) {
      const window = windowSamples(named)
      const parts: Float32Array[] = []
      for (let start = 0; start < samples.length; start += window) {
        signal?.throwIfAborted()
        parts.push(await this.#encodeWindow(named, samples.subarray(start, start + window)))
      }
      encoded.set(named.name, joined(parts))
    }
    return encoded
  }

  /** The tokens of one window; those of the silence that it is padded with are left out. */
  async #encodeWindow(named: NamedEncoder, samples: Float32Array): Promise<Float32Array> {
    const { padded, own } = stretchOf(named, samples.length)
    const { outputs } = await this.#programs.use(
      `${named.name} ${padded.samples}`,
      ({ keepsMemory }) => {
        const tokens = encodeGraph(new Network(new Graph(), this.#config), named, padded.samples)
        // The programs of all lengths share the mapped weights; prepacked, each would have a copy.
        return this.#runtime.compile({ tokens }, { weights: this.#weights, prepacking: false, keepsMemory })
      },
      (program) => program.run(encoderFeeds(named, samples)),
    )
    const tokens = outputs.tokens?.data as Float32Array
    return tokens.slice(0, own.audio * this.#config.llm.hiddenSize)
  }
}
