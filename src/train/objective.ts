import type { Draw } from '../data/source.js'
import type { ModelConfig } from '../model/config/config.js'
import type { Batch } from './batch.js'
import { type ChatEncoder, collate } from './collate.js'
import type { Hearing } from './hearing.js'
import { collateLabels, labelGraph } from './labels.js'
import type { ObjectiveName } from './recipe/objectives.js'
import type { SoundShape } from './sounds.js'
import type { Hiding } from './spec-augment.js'
import {
  type AudioShape,
  type BatchShape,
  type ForwardOptions,
  type TrainingGraph,
  trainingGraph,
} from './training-graph.js'
import { collateWords, type WordEncoder, type WordShape, wordGraph } from './words.js'

/** What a stage learns from its draws: how they become a batch, and the graph of a step. */
export interface Objective {
  /** @param hearing of `answers` only */
  collate(draws: readonly Draw[], samples: number, hide?: Hiding, hearing?: readonly Hearing[]): Batch
  graph(
    shape: AudioShape,
    options: ForwardOptions & { readonly trained: (name: string) => boolean },
  ): TrainingGraph
}

/**
 * `answers`: the language model answers questions about what it hears, all parts taking part.
 * `words`: encoders and connectors tell what sounds in words that the language model reads, without it.
 * `labels`: the encoders alone tell what sounds; `timeline`: also as which of a scene's sounds.
 *
 * @param config but for `answers` of the encoders that the stage trains, see `stageConfig`
 */
export function objective(
  name: ObjectiveName,
  config: ModelConfig,
  tokenizer: ChatEncoder & WordEncoder,
  labels: readonly string[],
): Objective {
  switch (name) {
    case 'answers':
      return {
        collate: (draws, samples, hide, hearing) => collate(draws, config, tokenizer, samples, hide, hearing),
        graph: (shape, options) => trainingGraph(config, shape as BatchShape, options),
      }
    case 'words':
      return {
        collate: (draws, samples, hide) => collateWords(draws, config, labels, tokenizer, samples, hide),
        graph: (shape, options) => wordGraph(config, shape as WordShape, options),
      }
    case 'labels':
    case 'timeline': {
      const places = name === 'timeline'
      return {
        collate: (draws, samples, hide) => collateLabels(draws, config, labels, samples, places, hide),
        graph: (shape, options) => labelGraph(config, labels, shape as SoundShape, { ...options, places }),
      }
    }
  }
}
