import type { Draw } from '../data/source.js'
import { add, mul } from '../graph/elementwise.js'
import { crossEntropy } from '../graph/loss.js'
import { matmul } from '../graph/matmul.js'
import { sum } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { fixed, Graph } from '../graph/tensor.js'
import type { ModelConfig } from '../model/config/config.js'
import type { ParameterInfo } from '../model/network/parameters.js'
import { tokenCount } from '../model/network/token-count.js'
import { linear } from '../nn/linear.js'
import { Scope } from '../nn/scope.js'
import type { Batch } from './batch.js'
import { collateSounds, type SoundExample, type SoundShape } from './sounds.js'
import type { Hiding } from './spec-augment.js'
import { encoderTokens, type ForwardOptions, type TrainingGraph, withGradients } from './training-graph.js'

/** The names of the classifiers' weights begin with this; they are of no use to the finished model. */
export const HEAD_PREFIX = 'heads.'

/** A sound's place among those of its scene, counted from the first and from the last; places beyond count as one. */
const PLACES = ['place', 'placeFromEnd'] as const
const MOST_PLACES = 6

/**
 * Supervised pretraining: each encoder, without connector or language model, learns to tell what sounds when, by
 * a linear classifier over the mean of its tokens while a sound lasts. A scene of k sounds is k examples of
 * weight 1/k. Tokens of other times say nothing of a sound, so that order and number can be read from them.
 * With `places`, the tokens of a sound also tell which it is of the scene's sounds, counted from the first and
 * from the last.
 */
export function labelGraph(
  config: ModelConfig,
  labels: readonly string[],
  shape: SoundShape,
  options: ForwardOptions & { readonly trained: (name: string) => boolean; readonly places: boolean },
): TrainingGraph {
  const graph = new Graph()
  const scope = new Scope(graph, config.lora)
  const examples = shape.audios * shape.sounds
  const waveform = graph.input('waveform', [shape.audios, shape.samples])
  const weights = graph.input('weights', [examples])
  const questions = [
    { head: '', answers: graph.input('labels', [examples], 'int64'), count: labels.length },
    ...(options.places ? PLACES : []).map((place) => ({
      head: `.${place}`,
      answers: graph.input(place, [examples], 'int64'),
      count: MOST_PLACES,
    })),
  ]
  let loss = graph.scalar(0)
  for (const named of config.encoders) {
    const { tokens } = encoderTokens(scope, named, waveform, shape, options)
    const count = tokenCount(named, shape.samples).encoder
    const share = graph.input(`${named.name}.share`, [shape.audios, shape.sounds, count])
    const pooled = reshape(matmul(share, tokens), [examples, fixed(tokens.shape[2])])
    for (const { head, answers, count } of questions) {
      const scores = linear(scope.in(`${HEAD_PREFIX}${named.name}${head}`), pooled, count)
      loss = add(loss, reshape(sum(mul(crossEntropy(scores, answers), weights), [0]), []))
    }
  }
  return withGradients({ loss, initials: scope.initials }, options.trained)
}

/** The classifiers' weights, by name. */
export function headParameters(
  { encoders }: ModelConfig,
  labels: readonly string[],
): readonly (readonly [string, ParameterInfo])[] {
  const heads = [['', labels.length], ...PLACES.map((place) => [`.${place}`, MOST_PLACES] as const)] as const
  return encoders.flatMap(({ name, encoder: { hiddenSize } }) =>
    heads.flatMap(([head, count]): [string, ParameterInfo][] => [
      [
        `${HEAD_PREFIX}${name}${head}.weight`,
        { shape: [count, hiddenSize], initial: { normal: 1 / Math.sqrt(hiddenSize) } },
      ],
      [`${HEAD_PREFIX}${name}${head}.bias`, { shape: [count], initial: 'zeros' }],
    ]),
  )
}

/** What a step learns labels, and with `places` places, from. @throws PalError for audio whose sounds are not known */
export function collateLabels(
  draws: readonly Draw[],
  config: ModelConfig,
  labels: readonly string[],
  samples: number,
  places: boolean,
  hide?: Hiding,
): Batch<SoundShape> {
  const { examples, feeds, ...batch } = collateSounds(draws, config, samples, 'encoder', hide)
  const answers = (of: (example: SoundExample) => number) =>
    BigInt64Array.from(examples, (example) => BigInt(of(example)))
  return {
    ...batch,
    feeds: {
      ...feeds,
      labels: answers(({ label }) => (label === undefined ? 0 : labels.indexOf(label))),
      ...Object.fromEntries(
        (places ? PLACES : []).map((place) => [
          place,
          answers((example) => Math.min(example[place], MOST_PLACES - 1)),
        ]),
      ),
    },
  }
}
