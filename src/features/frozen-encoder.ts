import { createHash, type Hash } from 'node:crypto'
import { writeOnnx } from '../graph/onnx.js'
import { Graph } from '../graph/tensor.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { encoderFeeds, encoderGraph, stretchOf } from '../model/network/encode-graph.js'
import { Network } from '../model/network/network.js'
import { paddedSamples } from '../model/network/padded-samples.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Arena } from '../runtime/arena.js'
import { ProgramCache } from '../runtime/program-cache.js'
import type { NumberSource, Runtime, WeightSource } from '../runtime/runtime.js'
import { readRange, withFile } from '../weights/read-range.js'
import type { FeatureStore } from './feature-store.js'

export interface FrozenEncoderOptions {
  readonly config: ModelConfig
  readonly encoder: NamedEncoder
  readonly runtime: Runtime
  /** Weights of the encoder that the run holds, though it does not train them now. */
  readonly parameters: Arena
  /** All others. */
  readonly frozen: (name: string) => WeightSource | undefined
  /** Called when audio that may come again is first heard. @default nothing is kept */
  readonly openStore?: (() => Promise<FeatureStore>) | undefined
}

/**
 * An encoder whose weights do not change while this lives. What it makes of an audio is the same whenever and with
 * whatever else it is asked for: each audio is encoded by itself, and kept under a name made of all that its tokens
 * depend on. That is the graph, which holds architecture, front end and padding, the weights, the samples, and what
 * the runtime's rounding depends on.
 */
export class FrozenEncoder {
  readonly #options: FrozenEncoderOptions
  readonly #weights: string
  readonly #graphs = new Map<number, string>()
  readonly #keys = new WeakMap<Float32Array, string>()
  /** One for each length that audio was padded to. They take turns with the step that their features are for. */
  readonly #programs = new ProgramCache({ keepMemory: 'never' })
  /** Features that were found in the store, and that had to be computed. */
  readonly counts = { found: 0, computed: 0 }

  private constructor(options: FrozenEncoderOptions, weights: string) {
    this.#options = options
    this.#weights = weights
  }

  static async open(options: FrozenEncoderOptions): Promise<FrozenEncoder> {
    return new FrozenEncoder(options, await hashWeights(options))
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
    const store = recurs ? await this.#options.openStore?.() : undefined
    const found = store?.get(this.#keyOf(samples))
    this.counts[found ? 'found' : 'computed']++
    if (found) return found
    const features = await this.#compute(samples)
    store?.put(this.#keyOf(samples), features)
    return features
  }

  release(): Promise<void> {
    return this.#programs.release()
  }

  async #compute(samples: Float32Array): Promise<Float32Array> {
    const { encoder, parameters, runtime, frozen } = this.#options
    const { padded, own } = stretchOf(encoder, samples.length)
    const { outputs } = await this.#programs.use(
      `${padded.samples}`,
      ({ keepsMemory }) => {
        const tokens = graphFor(this.#options, padded.samples)
        // Weights are mapped, not copied: programs for several lengths share them, and each is run rarely.
        return runtime.compile({ tokens }, { weights: frozen, prepacking: false, keepsMemory })
      },
      (program) => program.run(encoderFeeds(encoder, samples), parameters),
    )
    const tokens = outputs.tokens?.data as Float32Array
    return tokens.slice(0, own.encoder * encoder.encoder.hiddenSize)
  }

  #keyOf(samples: Float32Array): string {
    const known = this.#keys.get(samples)
    if (known !== undefined) return known
    const { encoder, runtime } = this.#options
    const { padded, own } = stretchOf(encoder, samples.length)
    const key = createHash('sha256')
      .update(`${runtime.rounding}\n${this.#weights} ${this.#graphOf(padded.samples)} ${own.encoder} `)
      .update(bytesOf(samples))
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
}

/** The weights that an encoder computes with, LoRA included, by their names in the model. */
export function encoderWeights(config: ModelConfig, encoder: NamedEncoder): readonly string[] {
  const { samples } = tokenCount(encoder, paddedSamples(encoder, 1))
  return [...graphFor({ config, encoder }, samples).graph.parameters.keys()]
}

function graphFor({ config, encoder }: Pick<FrozenEncoderOptions, 'config' | 'encoder'>, samples: number) {
  return encoderGraph(new Network(new Graph(), config), encoder, samples)
}

/** A weight as it is now: the run's own, which the next run of a program may be lent, or that of a file. */
export function weightOf(
  { parameters, frozen }: Pick<FrozenEncoderOptions, 'parameters' | 'frozen'>,
  name: string,
): WeightSource {
  const source = parameters.entries.has(name) ? parameters.get(name) : frozen(name)
  if (!source) throw new Error(`expected numbers for the weight "${name}", got none`)
  return source
}

/** Of every number: a fingerprint, which tells bases by a sample of each tensor, may be that of two. */
async function hashWeights({ config, encoder, parameters, frozen }: FrozenEncoderOptions): Promise<string> {
  const hash = createHash('sha256')
  for (const name of encoderWeights(config, encoder)) {
    const source = weightOf({ parameters, frozen }, name)
    if ('bits' in source) {
      hash.update(`${name} ${source.bits} ${source.blockSize} `)
      await update(hash, source.values)
      await update(hash, source.scales)
    } else {
      hash.update(`${name} `)
      await update(hash, source)
    }
  }
  return hash.digest('hex')
}

async function update(hash: Hash, source: NumberSource): Promise<void> {
  hash
    .update(`${source.byteLength} `)
    .update(ArrayBuffer.isView(source) ? bytesOf(source) : await read(source))
}

function read({
  file: path,
  offset,
  byteLength,
}: Exclude<NumberSource, ArrayBufferView>): Promise<Uint8Array> {
  return withFile(path, 'weights', (file) => readRange(file, path, offset, byteLength))
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
