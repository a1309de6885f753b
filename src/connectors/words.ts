import { matmul } from '../graph/matmul.js'
import type { Tensor } from '../graph/tensor.js'
import type { Scope } from '../nn/scope.js'

export interface WordsConfig {
  readonly kind: 'words'
  /** Tokens are told when they were heard: see `clock`. @default false */
  readonly clock?: boolean
}

/**
 * What an encoder's classifier takes a sound for, in words of the language model:
 *
 *   t = Σ p_c·e_c, p_c the score of label c, e_c before training the mean of the embeddings of its words
 *
 * so that a sound which no training named has a name from the start. What LAL hears is normalised by each layer: of scores
 * that are all low little is left beside the norm's epsilon.
 *
 * @param scores [batch, tokens, labels]
 * @returns [batch, tokens, hiddenSize]
 */
export function wordsConnector(
  scope: Scope,
  scores: Tensor,
  labels: readonly string[],
  hiddenSize: number,
): Tensor {
  return matmul(scores, scope.parameter('weight', [labels.length, hiddenSize], { words: labels.map(bare) }))
}

/** "Bee, wasp, etc." as "bee wasp etc": all of its words, and nothing that only a list has; "?" as it is. */
function bare(label: string): string {
  const words = label.toLowerCase().replace(/[^\p{L}\p{M}\p{N}'&-]+/gu, ' ')
  return words.trim() || label
}
