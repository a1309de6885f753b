import { PalError } from '../errors.js'
import { isMatrix } from '../model/quantize-model.js'
import { isLora } from '../nn/lora.js'
import { matcher } from '../patterns.js'
import { HEAD_PREFIX } from './labels.js'
import type { Stage } from './recipe.js'

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

const STATISTICS = /\.running_(mean|var)$/

/** The parts of a model in the order of their weights, with what a stage trains of each. */
export function countParts(
  sizes: ReadonlyMap<string, number>,
  { trained, objective }: Pick<Stage, 'trained' | 'objective'>,
): readonly PartCount[] {
  const isTrained = trainedBy(trained)
  const parts = new Map<string, PartCount>()
  for (const [name, size] of sizes) {
    const part = partOf(name)
    if (part === 'classifiers' && objective !== 'labels' && objective !== 'timeline') continue
    const before = parts.get(part) ?? { part, trained: 0, total: 0 }
    const more = isTrained(name) ? size : 0
    parts.set(part, { part, trained: before.trained + more, total: before.total + size })
  }
  return [...parts.values()]
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
  const isTrained = trainedBy(stages.flatMap(({ trained }) => trained))
  if (names.length === 0 || names.some(isTrained)) return
  throw new PalError('expected a stage that trains what `model.lora` adds, got none', {
    key: 'stages.*.trained',
    hint: "Put '*.lora_*' among its patterns.",
  })
}

/** @throws PalError for matrices that are rounded and trained as well: once trained they are not rounded any more */
export function expectRoundedKept(
  sizes: ReadonlyMap<string, number>,
  stages: readonly Stage[],
  bits: number,
): void {
  const matrices = [...sizes.keys()].filter((name) => name.startsWith('llm.') && isMatrix(name))
  const trained = matrices.find(trainedBy(stages.flatMap(({ trained }) => trained)))
  if (trained === undefined) return
  throw new PalError(
    `expected matrices that stay as they are, rounded to ${bits} bits, got a stage that trains ${trained}`,
    {
      key: 'model.llm.bits',
      hint: 'Leave `bits` out and `pal quantize` what comes of it, or train connectors and LoRA alone (`trained` of the stages).',
    },
  )
}

function partOf(name: string): string {
  if (isLora(name)) return 'LoRA'
  if (name.startsWith(HEAD_PREFIX)) return 'classifiers'
  const [first, encoder, within] = name.split('.') as [string, string, string]
  if (first === 'encoders') return within === 'connector' ? `connector of ${encoder}` : `encoder ${encoder}`
  return first === 'llm' ? 'language model' : first
}
