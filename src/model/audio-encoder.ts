import { Graph } from '../graph/tensor.js'
import { MASKED } from '../nn/attention.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import type { ModelConfig, NamedEncoder } from './config.js'
import { encodeGraph } from './encode-graph.js'
import { joined } from './joined.js'
import { Network } from './network.js'
import { paddedSamples, windowSamples } from './padded-samples.js'
import { tokenCount } from './token-count.js'

/** The tokens of each encoder, by its name, at the language model's width: [tokens, hiddenSize]. */
export type EncodedAudio = ReadonlyMap<string, Float32Array>

/** Compiled programs that are kept: one for each length that audio was padded to. */
const KEPT_PROGRAMS = 8

/**
 * Encoders and connectors. Audio that is longer than an encoder's window is encoded window by window, so memory
 * is bounded, and the tokens of all windows are joined in order.
 */
export class AudioEncoder {
  readonly #runtime: Runtime
  readonly #config: ModelConfig
  readonly #weights: (name: string) => WeightSource | undefined
  /** Least recently used first. */
  readonly #programs = new Map<string, Program>()
  /** One at a time, so that no program is released while it is in use. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(runtime: Runtime, config: ModelConfig, weights: (name: string) => WeightSource | undefined) {
    this.#runtime = runtime
    this.#config = config
    this.#weights = weights
  }

  /** @param samples [time], at the model's sample rate */
  encode(samples: Float32Array, signal?: AbortSignal): Promise<EncodedAudio> {
    const encoding = this.#queue.then(() => this.#encode(samples, signal))
    this.#queue = encoding.catch(() => undefined)
    return encoding
  }

  async release(): Promise<void> {
    await this.#queue
    for (const program of this.#programs.values()) await program.release()
    this.#programs.clear()
  }

  async #encode(samples: Float32Array, signal: AbortSignal | undefined): Promise<EncodedAudio> {
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
    const padded = tokenCount(named, paddedSamples(named, samples.length))
    const own = tokenCount(named, samples.length)
    const program = await this.#programFor(named, padded.samples)
    const waveform = new Float32Array(padded.samples)
    waveform.set(samples)
    const mask = new Float32Array(padded.encoder).fill(MASKED, own.encoder)
    const { outputs } = await program.run({
      [`${named.name}.waveform`]: waveform,
      [`${named.name}.mask`]: mask,
      [`${named.name}.lengths`]: Float32Array.of(samples.length),
    })
    const tokens = outputs.tokens?.data as Float32Array
    return tokens.slice(0, own.audio * this.#config.llm.hiddenSize)
  }

  async #programFor(named: NamedEncoder, samples: number): Promise<Program> {
    const key = `${named.name} ${samples}`
    const program = this.#programs.get(key) ?? (await this.#compile(named, samples))
    this.#programs.delete(key)
    this.#programs.set(key, program)
    for (const [oldest, unused] of this.#programs) {
      if (this.#programs.size <= KEPT_PROGRAMS) break
      this.#programs.delete(oldest)
      await unused.release()
    }
    return program
  }

  #compile(named: NamedEncoder, samples: number): Promise<Program> {
    const tokens = encodeGraph(new Network(new Graph(), this.#config), named, samples)
    return this.#runtime.compile({ tokens }, { weights: this.#weights })
  }
}
