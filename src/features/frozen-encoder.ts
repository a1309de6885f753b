import { createHash } from 'node:crypto'
import { writeOnnx } from '../graph/onnx.js'
import { Graph } from '../graph/tensor.js'
import type { ModelConfig, NamedEncoder } from '../model/config.js'
import { encoderGraph } from '../model/encode-graph.js'
import { Network } from '../model/network.js'
import { paddedSamples } from '../model/padded-samples.js'
import { tokenCount } from '../model/token-count.js'
import { MASKED } from '../nn/attention.js'
import type { Arena } from '../runtime/arena.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import type { FeatureStore } from './feature-store.js'

export interface FrozenEncoderOptions {
  readonly config: ModelConfig
  readonly encoder: NamedEncoder
  readonly runtime: Runtime
  /** What the runtime computes with: others round otherwise. */
  readonly provider: string
  /** Weights of the encoder that the run holds, though it does not train them now. */
  readonly parameters: Arena
  /** All others, and the fingerprint of the base that they are from. */
  readonly frozen: (name: string) => WeightSource | undefined
  readonly base: string | undefined
  readonly store: FeatureStore
}

/** Compiled programs that are kept: one for each length that audio was padded to. */
const KEPT_PROGRAMS = 8

/**
 * An encoder whose weights do not change while this lives. What it makes of an audio is the same whenever and with
 * whatever else it is asked for: each audio is encoded by itself, and kept under a name made of all that its tokens
 * depend on. That is the graph, which holds architecture, front end and padding, the weights, and the samples.
 */
export class FrozenEncoder {
  readonly #options: FrozenEncoderOptions
  readonly #weights: string
  readonly #graphs = new Map<number, string>()
  readonly #keys = new WeakMap<Float32Array, string>()
  /** By samples, least recently used first. */
  readonly #programs = new Map<number, Program>()
  /** Features that were found in the store, and that had to be computed. */
  readonly counts = { found: 0, computed: 0 }

  constructor(options: FrozenEncoderOptions) {
    this.#options = options
    this.#weights = weightsFingerprint(options)
  }

  get name(): string {
    return this.#options.encoder.name
  }

  /**
   * @param samples [time], at the encoder's sample rate
   * @param recurs whether to keep them
   * @returns [tokens, hiddenSize], before the connector, without those of padding
   */
  async features(samples: Float32Array, recurs: boolean): Promise<Float32Array> {
    const { store } = this.#options
    const found = recurs ? store.get(this.#keyOf(samples)) : undefined
    this.counts[found ? 'found' : 'computed']++
    if (found) return found
    const features = await this.#compute(samples)
    if (recurs) store.put(this.#keyOf(samples), features)
    return features
  }

  async release(): Promise<void> {
    for (const program of this.#programs.values()) await program.release()
    this.#programs.clear()
  }

  async #compute(samples: Float32Array): Promise<Float32Array> {
    const { encoder, parameters } = this.#options
    const { padded, own } = this.#lengths(samples)
    const program = await this.#programFor(padded.samples)
    const waveform = new Float32Array(padded.samples)
    waveform.set(samples)
    const feeds = {
      [`${encoder.name}.waveform`]: waveform,
      [`${encoder.name}.mask`]: new Float32Array(padded.encoder).fill(MASKED, own),
      [`${encoder.name}.lengths`]: Float32Array.of(samples.length),
    }
    const { outputs } = await program.run(feeds, parameters)
    const tokens = outputs.tokens?.data as Float32Array
    return tokens.slice(0, own * encoder.encoder.hiddenSize)
  }

  #lengths({ length }: Float32Array) {
    const { encoder } = this.#options
    const padded = tokenCount(encoder, paddedSamples(encoder, length))
    return { padded, own: tokenCount(encoder, length).encoder }
  }

  #keyOf(samples: Float32Array): string {
    const known = this.#keys.get(samples)
    if (known !== undefined) return known
    const { padded, own } = this.#lengths(samples)
    const key = createHash('sha256')
      .update(`${this.#options.provider} ${this.#weights} ${this.#graphOf(padded.samples)} ${own} `)
      .update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
      .digest('hex')
    this.#keys.set(samples, key)
    return key
  }

  #graphOf(samples: number): string {
    const known = this.#graphs.get(samples)
    if (known !== undefined) return known
    const { bytes } = writeOnnx({ tokens: graphFor(this.#options, samples) })
    const graph = createHash('sha256').update(bytes).digest('hex')
    this.#graphs.set(samples, graph)
    return graph
  }

  async #programFor(samples: number): Promise<Program> {
    const program = this.#programs.get(samples) ?? (await this.#compile(samples))
    this.#programs.delete(samples)
    this.#programs.set(samples, program)
    for (const [oldest, unused] of this.#programs) {
      if (this.#programs.size <= KEPT_PROGRAMS) break
      this.#programs.delete(oldest)
      await unused.release()
    }
    return program
  }

  #compile(samples: number): Promise<Program> {
    const { runtime, frozen } = this.#options
    const tokens = graphFor(this.#options, samples)
    // Weights are mapped, not copied: programs for several lengths share them, and each is run rarely.
    return runtime.compile({ tokens }, { weights: frozen, prepacking: false, keepsMemory: false })
  }
}

/** The weights that an encoder computes with, LoRA included, by their names in the model. */
export function encoderWeights(config: ModelConfig, encoder: NamedEncoder): readonly string[] {
  const { samples } = tokenCount(encoder, paddedSamples(encoder, 1))
  return [...graphFor({ config, encoder }, samples).graph.parameters.keys()]
}

function graphFor({ config, encoder }: Pick<FrozenEncoderOptions, 'config' | 'encoder'>, samples: number) {
  return encoderGraph(new Network(new Graph(), config), encoder, samples)
}

function weightsFingerprint({ config, encoder, parameters, base }: FrozenEncoderOptions): string {
  const hash = createHash('sha256').update(base ?? '')
  for (const name of encoderWeights(config, encoder)) {
    if (!parameters.entries.has(name)) continue
    const { buffer, byteOffset, byteLength } = parameters.get(name)
    hash.update(`${name} ${byteLength} `).update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}
