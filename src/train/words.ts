import type { Draw } from '../data/source.js'
import { add, div, mul, sub } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { sum } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import type { ModelConfig } from '../model/config/config.js'
import { Network } from '../model/network/network.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Batch } from './batch.js'
import { collateSounds, type SoundShape } from './sounds.js'
import type { Hiding } from './spec-augment.js'
import { encoderTokens, type ForwardOptions, type TrainingGraph, withGradients } from './training-graph.js'

/** What a step is compiled for that learns words. */
export interface WordShape extends SoundShape {
  /** The most tokens of a label. */
  readonly wordTokens: number
}

/** The part of a tokenizer that labels are read by. */
export interface WordEncoder {
  encode(text: string): readonly number[]
}

/**
 * A warm start for connectors: the mean of their tokens while a sound lasts becomes what the language model's own
 * embeddings make of the label's words, so that it finds in what it hears a language that it reads already. The
 * language model itself takes no part, which makes a step cost little more than the encoder.
 *
 *   loss = Σ w ‖t̄ − e‖² / ‖e‖², t̄ the mean of a sound's tokens, e that of its label's embeddings
 *
 * summed over encoders; each sound of a scene of k weighs 1/k.
 */
export function wordGraph(
  config: ModelConfig,
  shape: WordShape,
  options: ForwardOptions & { readonly trained: (name: string) => boolean },
): TrainingGraph {
  const graph = new Graph()
  const network = new Network(graph, config)
  const { hiddenSize } = config.llm
  const examples = shape.audios * shape.sounds
  const waveform = graph.input('waveform', [shape.audios, shape.samples])
  const weights = graph.input('weights', [examples, 1])
  const embedded = network.decoder.embed(graph.input('words', [examples, shape.wordTokens], 'int64'))
  const wordShare = graph.input('wordShare', [examples, 1, shape.wordTokens])
  const words = reshape(matmul(wordShare, embedded), [examples, hiddenSize])
  const length = sum(mul(words, words), [1])

  const losses = config.encoders.map((named): Tensor => {
    const encoded = encoderTokens(network.scope, named, waveform, shape, options)
    const tokens = network.connect(named, encoded.tokens, encoded.mask)
    const { audio } = tokenCount(named, shape.samples)
    const share = graph.input(`${named.name}.share`, [shape.audios, shape.sounds, audio])
    const away = sub(reshape(matmul(share, tokens), [examples, hiddenSize]), words)
    return div(sum(mul(away, away), [1]), length)
  })
  const loss = losses.map((one) => reshape(sum(mul(one, weights), [0, 1]), [])).reduce((a, b) => add(a, b))
  // The words are what is aimed at: they do not move towards the tokens.
  const trained = (name: string) => name.startsWith('encoders.') && options.trained(name)
  return withGradients({ loss, initials: network.scope.initials }, trained)
}

/**
 * What the language model reads where words stand: for each text the mean of its tokens' embeddings.
 * @param embeddings [vocabulary, hiddenSize]
 * @returns [texts, hiddenSize]
 */
export function wordEmbeddings(
  texts: readonly string[],
  tokenizer: WordEncoder,
  embeddings: Float32Array,
  hiddenSize: number,
): Float32Array {
  const means = new Float32Array(texts.length * hiddenSize)
  for (const [row, text] of texts.entries()) {
    const ids = tokenizer.encode(withinSentence(text))
    for (const id of ids) {
      for (let i = 0; i < hiddenSize; i++) {
        means[row * hiddenSize + i]! += (embeddings[id * hiddenSize + i] as number) / ids.length
      }
    }
  }
  return means
}

/** What a step learns words from. @throws PalError for audio whose sounds are not known */
export function collateWords(
  draws: readonly Draw[],
  config: ModelConfig,
  labels: readonly string[],
  tokenizer: WordEncoder,
  samples: number,
  hide?: Hiding,
): Batch<WordShape> {
  const { examples, feeds, shape, ...batch } = collateSounds(draws, config, samples, 'audio', hide)
  // All labels' lengths count, so that all batches are of one.
  const idsOf = (label: string) => tokenizer.encode(withinSentence(label))
  const wordTokens = Math.max(...labels.map((label) => idsOf(label).length))
  const words = new BigInt64Array(examples.length * wordTokens)
  const wordShare = new Float32Array(words.length)
  for (const [i, { label = labels[0]! }] of examples.entries()) {
    const ids = idsOf(label)
    for (const [k, id] of ids.entries()) words[i * wordTokens + k] = BigInt(id)
    wordShare.fill(1 / ids.length, i * wordTokens, i * wordTokens + ids.length)
  }
  return { ...batch, shape: { ...shape, wordTokens }, feeds: { ...feeds, words, wordShare } }
}

/** As a word stands within a sentence, with the space before it. */
const withinSentence = (text: string) => ` ${text}`
