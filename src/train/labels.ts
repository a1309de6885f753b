import type { Draw, Sound } from '../data/source.js'
import { encode, tokenGrid } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import { add, mul } from '../graph/elementwise.js'
import { crossEntropy } from '../graph/loss.js'
import { matmul } from '../graph/matmul.js'
import { sum } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { fixed, Graph } from '../graph/tensor.js'
import type { ModelConfig, NamedEncoder } from '../model/config.js'
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
  /** The most sounds of one audio. */
  readonly sounds: number
}

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
  shape: LabelShape,
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
    const { mask, hidden, lengths } = encoderInputs(graph, named, shape, options)
    const at = scope.in(`encoders.${named.name}.encoder`)
    const tokens = encode(at, named.encoder, waveform, mask, hidden, lengths)
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

/** Pads draws to one shape. @throws PalError for audio whose sounds are not known */
export function collateLabels(
  draws: readonly Draw[],
  config: ModelConfig,
  labels: readonly string[],
  samples: number,
  places: boolean,
  hide?: Hiding,
): Batch<LabelShape> {
  const heard = draws.map(({ sounds = [] }) => {
    if (sounds.length > 0) return sounds
    throw new PalError(
      'expected audio whose sounds are labelled, for the objectives "labels" and "timeline", got audio without',
      { hint: 'Draw from clips and scenes there; a manifest says nothing of labels.' },
    )
  })
  const shape = { audios: draws.length, samples, sounds: roundUpSounds(heard) }
  const examples = heard.flatMap((sounds) =>
    Array.from({ length: shape.sounds }, (_, i) => {
      const sound = sounds[i]
      return sound
        ? {
            label: labels.indexOf(sound.label),
            place: Math.min(i, MOST_PLACES - 1),
            placeFromEnd: Math.min(sounds.length - 1 - i, MOST_PLACES - 1),
            weight: 1 / (sounds.length * draws.length),
          }
        : { label: 0, place: 0, placeFromEnd: 0, weight: 0 }
    }),
  )
  const feeds = {
    ...audioFeeds(draws, config, shape, hide),
    labels: BigInt64Array.from(examples, ({ label }) => BigInt(label)),
    ...Object.fromEntries(
      (places ? PLACES : []).map((place) => [
        place,
        BigInt64Array.from(examples, (example) => BigInt(example[place])),
      ]),
    ),
    weights: Float32Array.from(examples, ({ weight }) => weight),
    ...Object.fromEntries(
      config.encoders.map((named) => [`${named.name}.share`, meansWhile(heard, draws, named, shape)]),
    ),
  }
  return { shape, feeds, learnt: heard.flat().length, seconds: secondsOf(draws, config) }
}

/** Single sounds have a program of their own; those of scenes share few. */
function roundUpSounds(heard: readonly (readonly Sound[])[]): number {
  const most = Math.max(...heard.map((sounds) => sounds.length))
  return most === 1 ? 1 : roundUp(most, 4)
}

/** [audios, sounds, tokens]: 1/n over the n tokens whose time step a sound lasts through, or a part of it. */
function meansWhile(
  heard: readonly (readonly Sound[])[],
  draws: readonly Draw[],
  named: NamedEncoder,
  { samples, sounds: most }: LabelShape,
): Float32Array {
  const { samplesPerStep, tokensPerStep } = tokenGrid(named.encoder)
  const perSecond = named.encoder.sampleRate / samplesPerStep
  const longest = tokenCount(named, samples).encoder
  const share = new Float32Array(draws.length * most * longest)
  for (const [audio, sounds] of heard.entries()) {
    const count = tokenCount(named, (draws[audio] as Draw).samples.length).encoder
    for (const [i, { startSeconds, endSeconds }] of sounds.entries()) {
      const first = Math.min(Math.floor(startSeconds * perSecond) * tokensPerStep, count - tokensPerStep)
      const end = Math.min(Math.ceil(endSeconds * perSecond) * tokensPerStep, count)
      const row = (audio * most + i) * longest
      share.fill(1 / (end - first), row + first, row + end)
    }
  }
  return share
}
