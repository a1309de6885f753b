import { CLOCK_FEATURES, clockFeatures } from '../connectors/clock.js'
import { encode } from '../encoders/encoder.js'
import { gather } from '../graph/gather.js'
import { gradients } from '../graph/gradients.js'
import { crossEntropy } from '../graph/loss.js'
import { matmul } from '../graph/matmul.js'
import { padAxis, reshape } from '../graph/shape.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import type { AudioTokens } from '../integration/integration.js'
import { share } from '../integration/share.js'
import type { Checkpointing } from '../llm/decoder.js'
import { rotaryTables } from '../llm/rotary-tables.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { Network } from '../model/network/network.js'
import { type TokenCount, tokenCount, tokenTimes } from '../model/network/token-count.js'
import { causalMask } from '../nn/attention.js'
import { raggedInputs, selectInputs } from '../nn/ragged.js'
import type { Initial, Scope } from '../nn/scope.js'
import { framesOf } from './spec-augment.js'

/** The lengths that one compiled step is made for; shorter examples are padded. */
export interface AudioShape {
  readonly audios: number
  /** Samples of each audio. */
  readonly samples: number
  /** The encoders whose tokens are fed instead of the waveform: see features.ts. @default none */
  readonly given?: readonly string[]
}

export interface BatchShape extends AudioShape {
  /** Conversations, at least one about each audio. */
  readonly rows: number
  /** Text tokens of the longest row, or a few more. */
  readonly textLength: number
}

export interface ForwardOptions {
  /** @default false */
  readonly checkpointing?: Checkpointing
  /** Takes masks that hide stretches of the spectrogram (SpecAugment). @default false */
  readonly hideFeatures?: boolean
}

export interface Forward {
  /** The scores of the tokens that are learnt, one conversation after the other: [read, vocabularySize]. */
  readonly logits: Tensor
  /** Their mean negative log-likelihood, weighted: []. */
  readonly loss: Tensor
  readonly initials: ReadonlyMap<string, Initial>
}

export interface TrainingGraph {
  readonly loss: Tensor
  /** By the name of the parameter. */
  readonly gradients: ReadonlyMap<string, Tensor>
  readonly initials: ReadonlyMap<string, Initial>
}

/** One training step: the forward pass and the gradients of the parameters that are trained. */
export function trainingGraph(
  config: ModelConfig,
  shape: BatchShape,
  options: ForwardOptions & { readonly trained: (name: string) => boolean },
): TrainingGraph {
  return withGradients(forwardGraph(config, shape, options), options.trained)
}

/** Adds the gradients of a loss by those of its parameters that are trained. */
export function withGradients(
  { loss, initials }: Pick<Forward, 'loss' | 'initials'>,
  trained: (name: string) => boolean,
): TrainingGraph {
  const parameters = [...loss.graph.parameters].filter(([name]) => trained(name))
  const found = gradients(
    loss,
    parameters.map(([, parameter]) => parameter),
  )
  return { loss, initials, gradients: new Map(parameters.map(([name], i) => [name, found[i] as Tensor])) }
}

/**
 * The forward pass of a batch. What is heard of an audio is computed once, however many conversations are about it.
 *
 * Inputs: `waveform` [audios, samples]; for each encoder `name.encoderMask`, `name.lengths`, `name.hears` [audios], `name.mask` and
 * `name.positions`, and, of those that are given, `name.features` [audios, encoder tokens, the encoder's hiddenSize] instead of the
 * waveform. Where audio goes through the layers, `audio.*` (see ragged.ts) and `audioPositions`. Of the conversations `ids`,
 * `positions` and `text.*`, of which tokens are read that a learnt one follows; `about` [rows, audios], 1 for the audio that each is about, unless
 * there is one about each; and of tokens that are read their `labels` and `weights` [read], which make a mean of what is only counted when the
 * graph runs. See audio-feeds.ts and collate.ts, which fill them.
 */
export function forwardGraph(config: ModelConfig, shape: BatchShape, options: ForwardOptions = {}): Forward {
  const graph = new Graph()
  const network = new Network(graph, config)
  const { audios, samples, rows, textLength } = shape
  const { checkpointing = false } = options
  const waveform = graph.input('waveform', [audios, samples])
  const counts = config.encoders.map((named) => tokenCount(named, samples))
  const tables = positionTables(graph, config, counts, textLength)

  const audio = config.encoders.map((named, i): AudioTokens => {
    const { name } = named
    const count = counts[i] as TokenCount
    const { tokens, mask } = encoderTokens(network.scope, named, waveform, shape, options)
    const timed = network.timed(named, network.connect(named, tokens, mask), () =>
      graph.constant(clockFeatures(tokenTimes(named, count.audio)), [1, count.audio, CLOCK_FEATURES]),
    )
    return {
      name,
      tokens: gather(timed, graph.input(`${name}.hears`, [audios], 'int64')),
      mask: graph.input(`${name}.mask`, [audios, 1, 1, 1, count.audio]),
      positions: { indices: graph.input(`${name}.positions`, [audios, count.audio], 'int64'), ...tables },
    }
  })
  const heard = network.integrate(audio)
  const memory = network.remember(heard, (length) => ({
    positions: { indices: graph.input('audioPositions', [audios, length], 'int64'), ...tables },
    ragged: raggedInputs(graph, 'audio', audios, length),
    checkpointing,
  }))

  const embedded = network.decoder.embed(graph.input('ids', [rows, textLength], 'int64'))
  const ragged = raggedInputs(graph, 'text', rows, textLength)
  const about = rows === audios ? undefined : graph.input('about', [rows, audios])
  const { states } = network.decode(ragged.unpad(embedded), share({ memory, cross: heard.cross }, about), {
    positions: { indices: graph.input('positions', [rows, textLength], 'int64'), ...tables },
    mask: causalMask(graph, textLength),
    checkpointing,
    ragged,
    read: selectInputs(graph, 'text'),
  })

  const logits = network.decoder.logits(states)
  const losses = crossEntropy(logits, graph.input('labels', ['read'], 'int64'))
  const loss = reshape(matmul(reshape(losses, [1, 'read']), graph.input('weights', ['read', 1])), [])
  return { logits, loss, initials: network.scope.initials }
}

/**
 * What an encoder makes of the waveform, followed by silence up to a whole number of its own steps, or what it is said to
 * have made of it, and which of its tokens are padding.
 */
export function encoderTokens(
  scope: Scope,
  named: NamedEncoder,
  waveform: Tensor,
  { audios, samples, given = [] }: AudioShape,
  { hideFeatures = false }: ForwardOptions,
): { tokens: Tensor; mask: Tensor } {
  const { graph } = scope
  const { name, encoder } = named
  if (waveform.shape[1] !== samples)
    throw new Error(`expected a waveform of ${samples} samples, got ${waveform.shape[1]}`)
  const count = tokenCount(named, samples)
  const followed = padAxis(waveform, 1, 0, count.samples - samples)
  const mask = graph.input(`${name}.encoderMask`, [audios, 1, 1, 1, count.encoder])
  if (given.includes(name)) {
    return { tokens: graph.input(`${name}.features`, [audios, count.encoder, encoder.hiddenSize]), mask }
  }
  const hidden = hideFeatures
    ? {
        frames: graph.input(`${name}.frames`, [audios, framesOf(named, samples), 1]),
        bins: graph.input(`${name}.bins`, [audios, 1, encoder.melBins]),
      }
    : undefined
  const lengths = graph.input(`${name}.lengths`, [audios, 1])
  const at = scope.in(`encoders.${name}.encoder`)
  return { tokens: encode(at, encoder, { waveform: followed, lengths, mask, hidden }), mask }
}

/** Rotary tables long enough for all audio keys and the whole sequence. */
function positionTables(
  graph: Graph,
  { llm }: ModelConfig,
  counts: readonly TokenCount[],
  textLength: number,
) {
  const longest = 2 * counts.reduce((total, { audio }) => total + audio, 0) + textLength + 64
  const { cosine, sine } = rotaryTables(
    llm,
    Array.from({ length: longest }, (_, i) => i),
  )
  const shape = [longest, llm.headSize / 2]
  return { cosine: graph.constant(cosine, shape), sine: graph.constant(sine, shape) }
}
