import type { KeyValueCache } from '../../llm/kv-cache.js'
import { logProbability } from '../../llm/log-probability.js'
import type { LanguageModel, Prompt } from './language-model.js'

/** How likely a model finds an answer that it is given. */
export interface AnswerScore {
  readonly answer: string
  /**
   * ln P(answer | audio, question), in nats: the sum over the answer's tokens, the one that ends it included, of
   * ln P(token | all before it). The probability that the model says this and nothing more.
   */
  readonly logProbability: number
  /** Of the answer, the one that ends it included. */
  readonly tokens: number
}

/** Copies of a cache that are read at once may take so many bytes. */
const BUDGET = 2 ** 28

/**
 * The log-probabilities of given answers to one prompt, in nats; each answer is its tokens.
 *
 * The answers are a tree whose branches are their tokens: what several begin with is read once, and all branches that
 * are equally long are read together, from copies of one cache. The log-softmax is over all logits, as in
 * lm-evaluation-harness's `_loglikelihood_tokens` (lm_eval/models/huggingface.py) and in training.
 *
 * @throws the signal's reason, between two tokens
 */
export async function scoreAnswers(
  model: LanguageModel,
  prompt: Prompt,
  answers: readonly (readonly number[])[],
  { signal, budget = BUDGET }: { readonly signal?: AbortSignal | undefined; readonly budget?: number } = {},
): Promise<readonly number[]> {
  const { cache } = prompt
  try {
    signal?.throwIfAborted()
    const root = { cache, ...(await model.readPrompt(prompt, signal)) }
    await cache.home()
    const scores = new Float64Array(answers.length)
    for (const group of groups(answers, Math.max(1, Math.floor(budget / cache.arena.flat.byteLength)))) {
      await scoreTree(model, root, group, scores, signal)
    }
    return [...scores]
  } finally {
    await cache.release()
  }
}

interface Answer {
  readonly index: number
  readonly ids: readonly number[]
}

/** At most so many answers in each, those that begin alike together. */
function groups(answers: readonly (readonly number[])[], most: number): readonly (readonly Answer[])[] {
  const sorted = answers.map((ids, index) => ({ index, ids })).sort((a, b) => compare(a.ids, b.ids))
  return Array.from({ length: Math.ceil(sorted.length / most) }, (_, i) =>
    sorted.slice(i * most, (i + 1) * most),
  )
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((id, i) => id !== b[i])
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1)
}

/** What the prompt leaves: its cache, the scores of the token that follows and that token's position. */
interface Root {
  readonly cache: KeyValueCache
  readonly logits: Float32Array
  readonly next: number
}

/** A beginning that answers share: who goes on from it, and the scores of what may follow. */
interface Branch {
  readonly answers: readonly Answer[]
  readonly logits: Float32Array
}

async function scoreTree(
  model: LanguageModel,
  root: Root,
  answers: readonly Answer[],
  scores: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  let cache = root.cache
  let branches: readonly Branch[] = [{ answers, logits: root.logits }]
  try {
    for (let depth = 0; ; depth++) {
      signal?.throwIfAborted()
      const twigs = branches.flatMap((branch, parent) => grow(branch, parent, depth, scores))
      if (twigs.length === 0) return
      await cache.home()
      const grown = cache.only(twigs.map(({ parent }) => parent))
      if (cache !== root.cache) await cache.release()
      cache = grown
      const logits = await model.next(
        cache,
        twigs.map(({ token }) => token),
        twigs.map(() => root.next + depth),
      )
      branches = twigs.map((twig, i) => ({ answers: twig.answers, logits: logits[i]! }))
    }
  } finally {
    if (cache !== root.cache) await cache.release()
  }
}

interface Twig {
  readonly parent: number
  readonly token: number
  readonly answers: readonly Answer[]
}

/** Adds the next token's log-probability to every answer of a branch; gives back how the longer ones go on. */
function grow(
  { answers, logits }: Branch,
  parent: number,
  depth: number,
  scores: Float64Array,
): readonly Twig[] {
  const logProbabilityOf = logProbability(logits)
  const twigs = new Map<number, Answer[]>()
  for (const answer of answers) {
    const token = answer.ids[depth]
    if (token === undefined) continue
    scores[answer.index]! += logProbabilityOf(token)
    if (answer.ids.length === depth + 1) continue
    const twig = twigs.get(token)
    if (twig) twig.push(answer)
    else twigs.set(token, [answer])
  }
  return [...twigs].map(([token, longer]) => ({ parent, token, answers: longer }))
}
