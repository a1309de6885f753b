import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'
import { isMatrix } from '../model/network/matrices.js'
import { isLora } from '../nn/lora.js'
import { isExclusion, matcher, uselessPattern } from '../patterns.js'
import { HEAD_PREFIX } from './labels.js'
import { encoderOf, reachedBy } from './reach.js'
import type { Stage } from './recipe/recipe.js'

/** A part of a model, and how many of its numbers a stage trains. */
export interface PartCount {
  readonly part: string
  readonly trained: number
  readonly total: number
}

/** Whether a stage's patterns train a weight: what batch normalisation has counted of its training set is no weight. */
export function trainedBy(patterns: readonly string[]): (name: string) => boolean {
  const fits = matcher(patterns)
  return (name) => fits(name) && !STATISTICS.test(name)
}

/** Whether any of the stages trains a weight, by its own patterns: what one excludes another may train. */
export function trainedByAny(stages: readonly Pick<Stage, 'trained'>[]): (name: string) => boolean {
  const each = stages.map(({ trained }) => trainedBy(trained))
  return (name) => each.some((isTrained) => isTrained(name))
}

const STATISTICS = /\.running_(mean|var)$/

/** Whether a stage trains a weight: its patterns name it, and its objective has to do with it. */
function trainedIn({ trained, objective }: Pick<Stage, 'trained' | 'objective'>): (name: string) => boolean {
  const [isNamed, isReached] = [trainedBy(trained), reachedBy(objective)]
  return (name) => isNamed(name) && isReached(name)
}

/** The parts of a model in the order of their weights, with what a stage trains of each. */
export function countParts(
  sizes: ReadonlyMap<string, number>,
  stage: Pick<Stage, 'trained' | 'objective'>,
): readonly PartCount[] {
  const isTrained = trainedIn(stage)
  const isReached = reachedBy(stage.objective)
  const parts = new Map<string, PartCount>()
  for (const [name, size] of sizes) {
    const part = partOf(name)
    if (part === 'classifiers' && !isReached(name)) continue
    const before = parts.get(part) ?? { part, trained: 0, total: 0 }
    const more = isTrained(name) ? size : 0
    parts.set(part, { part, trained: before.trained + more, total: before.total + size })
  }
  return [...parts.values()]
}

/**
 * The model as a stage has to do with it. What is learnt encoder by encoder, by all objectives but `answers`, is nothing
 * to encoders of which the stage trains no weight: they are left out.
 */
export function stageConfig(
  config: ModelConfig,
  sizes: ReadonlyMap<string, number>,
  stage: Pick<Stage, 'trained' | 'objective'>,
): ModelConfig {
  if (stage.objective === 'answers') return config
  const learning = new Set([...sizes.keys()].filter(trainedIn(stage)).map(encoderOf))
  return { ...config, encoders: config.encoders.filter(({ name }) => learning.has(name)) }
}

/** @throws PalError for a stage that would run to its end without learning what it is there for */
export function expectTrained(sizes: ReadonlyMap<string, number>, stages: readonly Stage[]): void {
  const names = [...sizes.keys()]
  for (const [i, stage] of stages.entries()) {
    const key = `stages.${i}.trained`
    expectFitting(names, stage, key)
    const trained = names.filter(trainedIn(stage))
    if (trained.length === 0) {
      throw new PalError(
        `expected a stage that trains what "${stage.objective}" reaches, got ${stage.trained.join(', ')}`,
        { key, hint: `It reaches ${patternsOf(names.filter(reachedBy(stage.objective))).join(', ')}.` },
      )
    }
    expectClassifiers(names, trained, stage, key)
  }
}

/** @throws PalError for a pattern that fits no parameter, and one that excludes none of those that others fit */
function expectFitting(names: readonly string[], { trained }: Stage, key: string): void {
  const hasIntegration = names.some((name) => name.startsWith('integration.'))
  // PLITS and LAL have no weights of their own, and settings that are compared share their stages.
  const isMeant = (pattern: string) => hasIntegration || !/^!?integration\./.test(pattern)
  const useless = uselessPattern(trained.filter(isMeant), names)
  if (useless === undefined) return
  const [what, none] = isExclusion(useless)
    ? ['exclude', 'excludes none of what the others fit']
    : ['fit', `fits none of ${names.length}`]
  throw new PalError(
    `expected patterns that ${what} parameters of the model, got "${useless}", which ${none}`,
    { key, hint: `There are ${patternsOf(names).join(', ')}.` },
  )
}

/** @throws PalError for an encoder that learns labels by a classifier which stays as it was drawn */
function expectClassifiers(
  names: readonly string[],
  trained: readonly string[],
  { objective }: Stage,
  key: string,
): void {
  const learning = new Set(trained.filter((name) => name.startsWith('encoders.')).map(encoderOf))
  const forgotten = names.find(
    (name) =>
      name.startsWith(HEAD_PREFIX) &&
      reachedBy(objective)(name) &&
      learning.has(encoderOf(name)) &&
      !trained.includes(name),
  )
  if (forgotten === undefined) return
  throw new PalError(
    `expected the classifiers of every encoder that the stage trains, got patterns that leave ${forgotten} out`,
    { key, hint: `Put '${HEAD_PREFIX}*' among them.` },
  )
}

/** @throws PalError for a learning rate that is of no use, since nothing that its stage trains fits the pattern */
export function expectRates(sizes: ReadonlyMap<string, number>, stages: readonly Stage[]): void {
  for (const [i, { trained, learningRates = {} }] of stages.entries()) {
    const names = [...sizes.keys()].filter(trainedBy(trained))
    const useless = Object.keys(learningRates).find((pattern) => !names.some(matcher([pattern])))
    if (useless === undefined) continue
    throw new PalError(
      `expected patterns that fit parameters which the stage trains, got "${useless}", which fits none of ${names.length}`,
      {
        key: `stages.${i}.learningRates`,
        hint: `Trained are, among others, ${names.slice(0, 3).join(', ')}.`,
      },
    )
  }
}

/** @throws PalError for LoRA that no stage trains: it would add nothing to the end */
export function expectLoraTrained(sizes: ReadonlyMap<string, number>, stages: readonly Stage[]): void {
  const names = [...sizes.keys()].filter(isLora)
  const isTrained = trainedByAny(stages)
  if (names.length === 0 || names.some(isTrained)) return
  throw new PalError('expected a stage that trains what `model.lora` adds, got none', {
    key: 'stages.*.trained',
    hint: "Put '*.lora_*' among its patterns.",
  })
}

/** @throws PalError for matrices that are rounded and trained as well: once trained they are not rounded any more */
export function expectRoundedKept(names: Iterable<string>, stages: readonly Stage[], bits: number): void {
  const matrices = [...names].filter((name) => name.startsWith('llm.') && isMatrix(name))
  const trained = matrices.find(trainedByAny(stages))
  if (trained === undefined) return
  throw new PalError(
    `expected matrices that stay as they are, rounded to ${bits} bits, got a stage that trains ${trained}`,
    {
      key: 'model.llm.bits',
      hint: 'Leave `bits` out and `pal quantize` what comes of it, or train connectors and LoRA alone (`trained` of the stages).',
    },
  )
}

/** What a weight, by its name, is a part of, as it is told. */
export function partOf(name: string): string {
  if (isLora(name)) return 'LoRA'
  if (name.startsWith(HEAD_PREFIX)) return 'classifiers'
  const [first, encoder, within] = name.split('.') as [string, string, string]
  if (first === 'encoders') return within === 'connector' ? `connector of ${encoder}` : `encoder ${encoder}`
  return first === 'llm' ? 'language model' : first
}

/** Patterns that fit all of these weights, part by part. */
function patternsOf(names: readonly string[]): readonly string[] {
  const parts = names.map((name) => /^encoders\.\w+\.\w+|^heads\.\w+|^\w+/.exec(name)?.[0])
  return [...new Set(parts)].map((part) => `${part}.*`)
}
