import type { Draw } from '../data/source.js'
import { encode } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import { add, mul } from '../graph/elementwise.js'
import { gather } from '../graph/gather.js'
import { crossEntropy } from '../graph/loss.js'
import { matmul } from '../graph/matmul.js'
import { sum } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { fixed, Graph } from '../graph/tensor.js'
import type { ModelConfig } from '../model/config.js'
import type { ParameterInfo } from '../model/parameters.js'
import { tokenCount } from '../model/token-count.js'
import { linear } from '../nn/linear.js'
import { Scope } from '../nn/scope.js'
import { audioFeeds, type Batch, type Hiding, roundUp, secondsOf } from './collate.js'
import {
  type AudioShape,
  encoderInputs,
  type ForwardOptions,
  type TrainingGraph,
  withGradients,
} from './training-graph.js'

/** The lengths that one compiled step is made for. */
export interface LabelShape extends AudioShape {
  /** Pairs of an audio and a label that sounds in it. */
  readonly learnt: number
}

/** The names of the classifiers' weights begin with this; they are of no use to the finished model. */
export const HEAD_PREFIX = 'heads.'

const LEARNT_STEP = 64

/**
 * Supervised pretraining: each encoder, without connector or language model, learns to tell what sounds, by a
 * linear classifier over the mean of its tokens. A scene of k labels is k examples of weight 1/k.
 */
export function labelGraph(
  config: ModelConfig,
  labels: readonly string[],
  shape: LabelShape,
  options: ForwardOptions & { readonly trained: (name: string) => boolean },
): TrainingGraph {
  const graph = new Graph()
  const scope = new Scope(graph)
  const waveform = graph.input('waveform', [shape.audios, shape.samples])
  const audioOf = graph.input('audioOf', [shape.learnt], 'int64')
  const classes = graph.input('labels', [shape.learnt], 'int64')
  const weights = graph.input('weights', [shape.learnt])
  let loss = graph.scalar(0)
  for (const named of config.encoders) {
    const { mask, hidden } = encoderInputs(graph, named, shape, options)
    const tokens = encode(scope.in(`encoders.${named.name}.encoder`), named.encoder, waveform, mask, hidden)
    const count = tokenCount(named, shape.samples).encoder
    const share = graph.input(`${named.name}.share`, [shape.audios, 1, count])
    const pooled = reshape(matmul(share, tokens), [shape.audios, fixed(tokens.shape[2])])
    const scores = linear(scope.in(`${HEAD_PREFIX}${named.name}`), pooled, labels.length)
    loss = add(loss, reshape(sum(mul(crossEntropy(gather(scores, audioOf), classes), weights), [0]), []))
  }
  return withGradients({ loss, initials: scope.initials }, options.trained)
}

/** The classifiers' weights, by name. */
export function headParameters(
  { encoders }: ModelConfig,
  labels: readonly string[],
): readonly (readonly [string, ParameterInfo])[] {
  return encoders.flatMap(({ name, encoder: { hiddenSize } }) => [
    [
      `${HEAD_PREFIX}${name}.weight`,
      { shape: [labels.length, hiddenSize], initial: { normal: 1 / Math.sqrt(hiddenSize) } },
    ],
    [`${HEAD_PREFIX}${name}.bias`, { shape: [labels.length], initial: 'zeros' }],
  ])
}

/** Pads draws to one shape. @throws PalError for audio whose labels are not known */
export function collateLabels(
  draws: readonly Draw[],
  config: ModelConfig,
  labels: readonly string[],
  samples: number,
  hide?: Hiding,
): Batch<LabelShape> {
  const pairs = draws.flatMap((draw, audio) => {
    const sounding = draw.labels ?? []
    if (sounding.length === 0) {
      throw new PalError(
        'expected audio with labels in a stage with the objective "labels", got audio without',
        {
          hint: 'Draw from clips and scenes there; a manifest says nothing of labels.',
        },
      )
    }
    return sounding.map((label) => ({
      audio,
      label: labels.indexOf(label),
      weight: 1 / (sounding.length * draws.length),
    }))
  })
  const learnt = roundUp(pairs.length, LEARNT_STEP)
  const padded = Array.from({ length: learnt }, (_, i) => pairs[i] ?? { audio: 0, label: 0, weight: 0 })
  const shape = { audios: draws.length, samples, learnt }
  const feeds = {
    ...audioFeeds(draws, config, shape, hide),
    audioOf: BigInt64Array.from(padded, ({ audio }) => BigInt(audio)),
    labels: BigInt64Array.from(padded, ({ label }) => BigInt(label)),
    weights: Float32Array.from(padded, ({ weight }) => weight),
    ...Object.fromEntries(
      config.encoders.map((named) => [`${named.name}.share`, meanOver(draws, named, samples)]),
    ),
  }
  return { shape, feeds, learnt: pairs.length, seconds: secondsOf(draws, config) }
}

/** [audios, 1, tokens]: 1/n over the n tokens that are not padding. */
function meanOver(
  draws: readonly Draw[],
  named: ModelConfig['encoders'][number],
  samples: number,
): Float32Array {
  const longest = tokenCount(named, samples).encoder
  const share = new Float32Array(draws.length * longest)
  for (const [row, draw] of draws.entries()) {
    const count = tokenCount(named, draw.samples.length).encoder
    share.fill(1 / count, row * longest, row * longest + count)
  }
  return share
}
