import { PalError } from '../errors.js'
import { type Bases, baseWeights } from '../model/bases/bases.js'
import type { ModelConfig } from '../model/config/config.js'
import { modelParameters } from '../model/network/parameters.js'
import type { Fresh, Initial } from '../nn/scope.js'
import { Arena } from '../runtime/arena.js'
import type { WeightSource } from '../runtime/runtime.js'
import type { TakenOver } from './inherited.js'
import { initialise } from './initialise.js'
import { headParameters } from './labels.js'
import { readNumbers, readWeight } from './read-weight.js'
import { EMBEDDINGS } from './tokenizer.js'
import { type WordEncoder, wordEmbeddings } from './words.js'

/** The weights of a run. */
export interface RunWeights {
  /** Those that a stage trains, or that have no base, or are kept: what the optimiser, checkpoints and models hold. */
  readonly own: Arena
  /** Those that stay as the bases have them: mapped from their files. */
  readonly frozen: (name: string) => WeightSource | undefined
  /** How many numbers each weight has, own or frozen. */
  readonly sizes: ReadonlyMap<string, number>
  /** Whether a weight begins as a base's, its own or that of the one that it is like. */
  readonly ofBase: (name: string) => boolean
  /** Weights whose rows are words of the language model, and these: see `fillWords`. */
  readonly worded: ReadonlyMap<string, readonly string[]>
}

export interface WeightOptions {
  readonly seed: number
  /** Of the classifiers that encoders are pretrained with. */
  readonly labels: readonly string[]
  /** Whether a weight that a base gives is this run's own all the same: trained, or kept. */
  readonly isOwn: (name: string) => boolean
}

/**
 * A run's weights before its first step: those of the bases, the rest freshly drawn, but for what `fillWords` fills.
 * @throws PalError for a base whose weights are to be trained but cannot be, since they are quantised
 */
export async function startingWeights(
  config: ModelConfig,
  bases: Bases,
  { seed, labels, isOwn }: WeightOptions,
): Promise<RunWeights> {
  const given = baseWeights(bases)
  const all = [...modelParameters(config), ...(labels.length > 0 ? headParameters(config, labels) : [])]
  const own = all.filter(([name]) => given(name) === undefined || isOwn(name))
  const arena = new Arena(own.map(([name, { shape }]) => ({ name, shape })))
  const initials = new Map(all.map(([name, { initial }]) => [name, initial]))
  const worded = new Map<string, readonly string[]>()
  for (const [name] of own) {
    const { origin, initial } = originOf(name, initials)
    const source = given(name) ?? given(origin)
    if (source) arena.get(name).set(await readWeight(source, name))
    else if (typeof initial === 'object' && 'words' in initial) worded.set(name, initial.words)
    else initialise(arena.get(name), origin, initial, seed)
  }
  return {
    own: arena,
    ofBase: (name) =>
      (given(name) ?? given(worded.has(name) ? EMBEDDINGS : originOf(name, initials).origin)) !== undefined,
    worded,
    frozen: (name) => (arena.entries.has(name) ? undefined : given(name)),
    sizes: new Map(
      all.map(([name, { shape }]) => [name, shape.reduce((product, size) => product * size, 1)]),
    ),
  }
}

/**
 * Makes the rows that stand for words of the language model's embeddings, once these are there, but for what is taken over
 * from another model.
 * @throws PalError for embeddings that are neither a base's nor that model's: what is drawn anew stands for no words
 */
export async function fillWords(
  { own, frozen, ofBase, worded }: RunWeights,
  { llm }: Pick<ModelConfig, 'llm'>,
  tokenizer: WordEncoder,
  taken?: TakenOver,
): Promise<void> {
  const empty = [...worded].filter(([name]) => !taken?.names.has(name))
  if (empty.length === 0) return
  if (!ofBase(EMBEDDINGS) && !taken?.names.has(EMBEDDINGS)) {
    throw new PalError(
      'expected a language model that knows words, for a connector of kind "words", got one that is drawn anew',
      {
        key: 'model.llm',
        hint: 'Take it `from` a pretrained one, or `start` from a model with its embeddings.',
      },
    )
  }
  const embeddings = await readNumbers(frozen(EMBEDDINGS) ?? own.get(EMBEDDINGS), EMBEDDINGS)
  for (const [name, words] of empty) {
    own.get(name).set(wordEmbeddings(words, tokenizer, embeddings, llm.hiddenSize))
  }
}

/** Whose numbers a parameter starts with, its own or those of the one that it is like, and how these are drawn. */
function originOf(
  name: string,
  initials: ReadonlyMap<string, Initial>,
): { readonly origin: string; readonly initial: Fresh } {
  const initial = initials.get(name)
  if (initial === undefined) throw new Error(`no parameter "${name}" to start like`)
  return typeof initial === 'object' && 'like' in initial
    ? originOf(initial.like, initials)
    : { origin: name, initial }
}
