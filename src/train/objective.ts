import type { Draw } from '../data/source.js'
import type { ModelConfig } from '../model/config.js'
import { type Batch, type ChatEncoder, collate, type Hiding } from './collate.js'
import { collateLabels, type LabelShape, labelGraph } from './labels.js'
import {
  type AudioShape,
  type BatchShape,
  type ForwardOptions,
  type TrainingGraph,
  trainingGraph,
} from './training-graph.js'

/** What a stage learns from its draws: how they become a batch, and the graph of a step. */
export interface Objective {
  collate(draws: readonly Draw[], samples: number, hide?: Hiding): Batch
  graph(
    shape: AudioShape,
    options: ForwardOptions & { readonly trained: (name: string) => boolean },
  ): TrainingGraph
}

export const OBJECTIVES = ['answers', 'labels', 'timeline'] as const
export type ObjectiveName = (typeof OBJECTIVES)[number]

/**
 * `answers`: the language model answers questions about what it hears, all parts taking part.
 * `labels`: the encoders alone tell what sounds; `timeline`: also as which of a scene's sounds.
 */
export function objective(
  name: ObjectiveName,
  config: ModelConfig,
  tokenizer: ChatEncoder,
  labels: readonly string[],
): Objective {
  switch (name) {
    case 'answers':
      return {
        collate: (draws, samples, hide) => collate(draws, config, tokenizer, samples, hide),
        graph: (shape, options) => trainingGraph(config, shape as BatchShape, options),
      }
    case 'labels':
    case 'timeline': {
      const places = name === 'timeline'
      return {
        collate: (draws, samples, hide) => collateLabels(draws, config, labels, samples, places, hide),
        graph: (shape, options) => labelGraph(config, labels, shape as LabelShape, { ...options, places }),
      }
    }
  }
}
