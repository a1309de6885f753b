import { mlpConnector } from '../connectors/mlp.js'
import { gradients } from '../graph/gradients.js'
import { crossEntropy } from '../graph/loss.js'
import { mean } from '../graph/reduce.js'
import { reshape, tail } from '../graph/shape.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import type { IntegrationConfig } from '../integration/config.js'
import { layOut } from '../integration/layout.js'
import { share } from '../integration/share.js'
import type { LlamaConfig } from '../llm/config.js'
import type { Checkpointing, Positions } from '../llm/decoder.js'
import { rotaryTables } from '../llm/rotary-tables.js'
import { Network } from '../model/network/network.js'
import { causalMask } from '../nn/attention.js'
import { Random } from '../random.js'
import { Arena } from '../runtime/arena.js'
import type { Program, Runtime, WeightSource } from '../runtime/runtime.js'
import { AdamW } from '../train/adamw.js'

/** The step that is measured: a frozen language model, and a trained connector that is given features. */
export interface TrainStepOptions {
  readonly llm: LlamaConfig
  readonly integration: IntegrationConfig
  /** Audios. */
  readonly batch: number
  /** About each of them. */
  readonly questions: number
  readonly audioTokens: number
  /** Width of the encoder's features. */
  readonly featureSize: number
  /** Of each question and its answer, all of which are learnt. */
  readonly textTokens: number
  /** See `CompileOptions`. @default false */
  readonly prepacking?: boolean
  readonly checkpointing?: Checkpointing
}

type Feeds = Readonly<Record<string, Float32Array | BigInt64Array>>

export const CONNECTOR = 'encoders.general.connector'

/** The trained weights: the connector's, and those that an integration has of its own. */
export function isTrained(name: string): boolean {
  return name.startsWith(CONNECTOR) || name.startsWith('integration.')
}

/** Forward and backward pass and AdamW over what is trained, on one batch again and again. */
export class TrainStep {
  readonly #program: Program
  readonly #parameters: Arena
  readonly #optimizer: AdamW
  readonly #feeds: Feeds

  private constructor(program: Program, parameters: Arena, feeds: Feeds) {
    this.#program = program
    this.#parameters = parameters
    this.#optimizer = new AdamW(parameters.flat.length)
    this.#feeds = feeds
  }

  /**
   * @param frozen the language model's weights
   * @param initial what the trained weights start from
   * @param batch `features`, `ids`, `labels` and `about`; drawn at random if not given
   */
  static async compile(
    runtime: Runtime,
    options: TrainStepOptions,
    frozen: (name: string) => WeightSource | undefined,
    initial: (name: string) => Float32Array | Promise<Float32Array>,
    batch: Feeds = randomBatch(options),
  ): Promise<TrainStep> {
    const { loss, trained, gradients: found } = trainStepGraph(options)
    const parameters = new Arena(trained.map(({ name, shape }) => ({ name, shape: shape.map(Number) })))
    for (const { name } of trained) parameters.get(name).set(await initial(name))
    const outputs = Object.fromEntries(found.map((gradient, i) => [gradientOf(trained[i]!.name), gradient]))
    const program = await runtime.compile(
      { loss, ...outputs },
      {
        purpose: 'training',
        prepacking: options.prepacking ?? false,
        weights: (name) => (isTrained(name) ? undefined : frozen(name)),
      },
    )
    return new TrainStep(program, parameters, batch)
  }

  /** @returns the loss before the update */
  async run(): Promise<number> {
    const { outputs } = await this.#program.run(this.#feeds, this.#parameters)
    const groups = [...this.#parameters.entries.values()].map(({ name, offset, length }) => ({
      offset,
      length,
      gradient: outputs[gradientOf(name)]?.data as Float32Array,
      learningRate: 1e-3,
      weightDecay: 0.01,
    }))
    this.#optimizer.update(this.#parameters.flat, groups)
    return Number(outputs.loss?.data[0])
  }
}

/**
 * Inputs: `features` [batch, audioTokens, featureSize], `ids` [rows, textTokens], `labels` [rows·textTokens], and, where there are
 * several questions about each audio, `about` [rows, batch].
 */
export function trainStepGraph(options: TrainStepOptions): {
  readonly loss: Tensor
  readonly trained: readonly Tensor[]
  readonly gradients: readonly Tensor[]
} {
  const { llm, textTokens } = options
  const graph = new Graph()
  const { network, states } = statesOf(graph, options, textTokens)
  const tokens = rowsOf(options) * textTokens
  const learnt = reshape(states, [tokens, llm.hiddenSize])
  const losses = crossEntropy(network.decoder.logits(learnt), graph.input('labels', [tokens], 'int64'))
  const loss = reshape(mean(losses, [0]), [])

  const trained = [...graph.parameters.values()].filter(({ name }) => isTrained(name))
  return { loss, trained, gradients: gradients(loss, trained) }
}

/** Features and text through connector, integration and all layers: the states of the last `read` tokens. */
function statesOf(
  graph: Graph,
  options: TrainStepOptions,
  read: number,
): { network: Network; states: Tensor } {
  const { llm, integration, batch, audioTokens, featureSize, textTokens, checkpointing = false } = options
  const network = new Network(graph, { encoders: [], integration, llm })
  const rows = rowsOf(options)
  const features = graph.input('features', [batch, audioTokens, featureSize])
  const positions = positionsFrom(graph, options)
  const tokens = mlpConnector(network.scope.in(CONNECTOR), { kind: 'mlp' }, features, llm.hiddenSize)
  const audio = { name: 'general', tokens, mask: undefined, positions: positions(batch, 0, audioTokens) }
  const heard = network.integrate([audio])
  const { sequenceStart, tokens: byRoute } = layOut(integration, [{ name: 'general', tokens: audioTokens }])
  const memory = network.remember(heard, (length) => ({
    positions: positions(batch, sequenceStart, length),
    checkpointing,
  }))

  const text = network.decoder.embed(graph.input('ids', [rows, textTokens], 'int64'))
  const about = rows === batch ? undefined : graph.input('about', [rows, batch])
  const { states } = network.decode(text, share({ memory, cross: heard.cross }, about), {
    positions: positions(rows, sequenceStart + byRoute.plits, textTokens),
    mask: causalMask(graph, textTokens),
    checkpointing,
    read: (all, axis) => tail(all, axis, read),
  })
  return { network, states }
}

/** A prompt is read up to the scores of what follows: what an answer computes before its first token. */
export function firstScores(options: TrainStepOptions): Tensor {
  const { network, states } = statesOf(new Graph(), options, 1)
  return network.decoder.logits(states)
}

function positionsFrom(
  graph: Graph,
  { llm, integration, audioTokens, textTokens }: TrainStepOptions,
): (rows: number, first: number, count: number) => Positions {
  const { tokens } = layOut(integration, [{ name: 'general', tokens: audioTokens }])
  const longest = tokens.lal + tokens.plits + tokens.cross + textTokens
  const tables = rotaryTables(llm, [...Array(longest).keys()])
  const cosine = graph.constant(tables.cosine, [longest, llm.headSize / 2])
  const sine = graph.constant(tables.sine, [longest, llm.headSize / 2])
  return (rows, first, count) => {
    const indices = BigInt64Array.from({ length: rows * count }, (_, i) => BigInt(first + (i % count)))
    return { indices: graph.constant(indices, [rows, count]), cosine, sine }
  }
}

/** Rows of text. */
function rowsOf({ batch, questions }: TrainStepOptions): number {
  return batch * questions
}

function randomBatch(options: TrainStepOptions): Feeds {
  const { llm, batch, questions, audioTokens, featureSize, textTokens } = options
  const random = new Random('train step')
  const rows = rowsOf(options)
  const tokens = () =>
    BigInt64Array.from({ length: rows * textTokens }, () => BigInt(random.integer(llm.vocabularySize)))
  const features = Float32Array.from({ length: batch * audioTokens * featureSize }, () => random.normal())
  const about = new Float32Array(rows * batch)
  for (let row = 0; row < rows; row++) about[row * batch + Math.floor(row / questions)] = 1
  return { features, ids: tokens(), labels: tokens(), ...(questions > 1 && { about }) }
}

function gradientOf(name: string): string {
  return `gradient of ${name}`
}
