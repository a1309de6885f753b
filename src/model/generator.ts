import type { KeyValueCache } from '../llm/kv-cache.js'
import type { Sampler } from '../llm/sampling.js'
import type { LanguageModel } from './language-model.js'

export interface GenerateOptions {
  readonly sampler: Sampler
  /** The most tokens of an answer. */
  readonly maxTokens: number
  /** The tokens that end an answer. */
  readonly endIds: readonly number[]
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Why an answer ended: the model ended it, or it was as long as it may be. */
export type Ending = 'end' | 'limit'

/**
 * Answers a prompt token by token. Whoever leaves the loop early stops the model: nothing is computed ahead.
 *
 * @param cache what was heard and read before; it grows
 * @param position of the prompt's first token
 */
export async function* generate(
  model: LanguageModel,
  cache: KeyValueCache,
  prompt: readonly number[],
  position: number,
  { sampler, maxTokens, endIds, signal }: GenerateOptions,
): AsyncGenerator<number, Ending, void> {
  signal?.throwIfAborted()
  let logits = await model.read(cache, { ids: prompt }, position)
  let next = position + prompt.length
  for (let count = 0; ; count++) {
    signal?.throwIfAborted()
    const token = sampler(logits)
    if (endIds.includes(token)) return 'end'
    if (count === maxTokens) return 'limit'
    yield token
    signal?.throwIfAborted()
    logits = await model.read(cache, { ids: [token] }, next++)
  }
}
