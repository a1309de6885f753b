import { KeyValueCache } from '../../llm/kv-cache.js'
import type { Sampler } from '../../llm/sampling.js'
import type { LanguageModel, Prompt } from './language-model.js'

export interface GenerateOptions {
  readonly sampler: Sampler
  /** The most tokens of an answer. */
  readonly maxTokens: number
  /** The tokens that end an answer. */
  readonly endIds: readonly number[]
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Why an answer ended: the model ended it, a stop string came, or it was as long as it may be. */
export type Ending = 'end' | 'stop' | 'limit'

/** Answers a prompt token by token. Whoever leaves the loop early stops the model: nothing is computed ahead. */
export async function* generate(
  model: LanguageModel,
  prompt: Prompt,
  { sampler, maxTokens, endIds, signal }: GenerateOptions,
): AsyncGenerator<number, Ending, void> {
  const seen = new Set(prompt.ids)
  try {
    signal?.throwIfAborted()
    let { logits, next } = await model.readPrompt(prompt, signal)
    for (let count = 0; ; count++) {
      signal?.throwIfAborted()
      const token = sampler(logits, seen)
      if (endIds.includes(token)) return 'end'
      if (count === maxTokens) return 'limit'
      seen.add(token)
      yield token
      signal?.throwIfAborted()
      logits = await model.read(prompt.cache, { ids: [token] }, next++)
    }
  } finally {
    await prompt.cache.release()
  }
}

/** One of several answers that are generated together. */
export interface Generation extends Omit<GenerateOptions, 'signal'> {
  readonly prompt: Prompt
  /** Takes a token of the answer, and says whether the answer is to go on. */
  readonly take: (token: number) => boolean
}

/**
 * Several answers, whatever was heard and asked before each: the weights are read once for the next token of all.
 * Each is what `generate` would give alone. An answer that ends leaves, and the others go on.
 * @throws the signal's reason
 */
export async function generateTogether(
  model: LanguageModel,
  generations: readonly Generation[],
  signal?: AbortSignal,
): Promise<readonly Ending[]> {
  const endings = new Map<Generation, Ending>()
  /** Those that are not released yet. */
  const caches = new Set(generations.map(({ prompt }) => prompt.cache))
  const release = async () => {
    for (const cache of caches) await cache.release()
    caches.clear()
  }
  try {
    let going: Going[] = []
    for (const generation of generations) {
      const { prompt } = generation
      const { logits, next } = await model.readPrompt(prompt, signal)
      await prompt.cache.home()
      going.push({ generation, seen: new Set(prompt.ids), next, count: 0, token: 0, logits })
    }
    let cache: KeyValueCache | undefined
    for (;;) {
      signal?.throwIfAborted()
      const staying: number[] = []
      for (const [i, one] of going.entries()) {
        const ending = goOn(one)
        if (ending) endings.set(one.generation, ending)
        else staying.push(i)
      }
      if (staying.length === 0) return generations.map((generation) => endings.get(generation)!)
      if (!cache || staying.length < going.length) {
        await cache?.home()
        const rest: KeyValueCache = cache
          ? cache.only(staying)
          : KeyValueCache.join(staying.map((i) => going[i]!.generation.prompt.cache))
        await release()
        caches.add(rest)
        cache = rest
      }
      going = staying.map((i) => going[i]!)
      const scores = await model.next(
        cache,
        going.map(({ token }) => token),
        going.map(({ next }) => next),
      )
      for (const [i, one] of going.entries()) {
        one.next++
        one.logits = scores[i]!
      }
    }
  } finally {
    await release()
  }
}

interface Going {
  readonly generation: Generation
  readonly seen: Set<number>
  /** The position of the token. */
  next: number
  count: number
  token: number
  logits: Float32Array
}

/** Chooses the next token; says why the answer ends, if it does. */
function goOn(one: Going): Ending | undefined {
  const { sampler, endIds, maxTokens, take } = one.generation
  const token = sampler(one.logits, one.seen)
  if (endIds.includes(token)) return 'end'
  if (one.count++ === maxTokens) return 'limit'
  one.seen.add(token)
  one.token = token
  return take(token) ? undefined : 'stop'
}
