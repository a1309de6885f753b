import { PalError } from '../../errors.js'
import type { Random } from '../../random.js'
import { everyday, mistyped } from './everyday.js'

/** Sentences to train on, and sentences kept for measuring whether the question was understood. */
export interface Wordings {
  /** The sentences of each grammar. One is drawn of a grammar that is drawn, so that long ones push nothing out. */
  readonly train: readonly (readonly string[])[]
  readonly heldOut: readonly string[]
}

export type WordingSplit = 'train' | 'held-out'

/**
 * Wordings from small grammars: `(a|b|)` is a or b or nothing, `{slot}` is filled when asked. All expanded
 * at once, so that they can be counted and compared, but not before one is asked for: few processes ask any.
 */
export function wordings({
  train,
  heldOut,
}: {
  readonly train: readonly string[]
  readonly heldOut: readonly string[]
}): Wordings {
  let whole: Wordings | undefined
  const expanded = () => {
    whole ??= { train: train.map(expand), heldOut: heldOut.flatMap(expand) }
    return whole
  }
  return {
    get train() {
      return expanded().train
    },
    get heldOut() {
      return expanded().heldOut
    },
  }
}

/** Every sentence of a grammar: `expand('(Is|Was) it rain?')` has two. Alternatives do not nest. */
export function expand(grammar: string): string[] {
  const found = /\(([^()]*)\)/.exec(grammar)
  if (!found) return [grammar.replaceAll(/ {2,}/g, ' ').trim()]
  const before = grammar.slice(0, found.index)
  const after = grammar.slice(found.index + found[0].length)
  return (found[1] as string).split('|').flatMap((choice) => expand(before + choice + after))
}

/** One wording with its slots filled; in training varied, mistyped, in lower case or without its full stop. */
export function pickWording(
  list: Wordings,
  split: WordingSplit,
  slots: Readonly<Record<string, string>>,
  random: Random,
): string {
  if (split === 'held-out') return capitalize(fill(random.pick(list.heldOut), slots))
  const template = random.pick(random.pick(list.train))
  const varied = random.chance(0.6) ? everyday(template, random) : template
  const kept = holdsHeldOut(varied, list) ? template : varied
  const typed = random.chance(0.12) ? mistyped(kept, random) : kept
  const sentence = capitalize(fill(typed, slots))
  const cased = random.chance(0.25) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence
  return random.chance(0.25) ? cased.replace(/[.?]$/, '') : cased
}

/** Whether a sentence is one of the held-out wordings, perhaps with something said before or after it. */
export function holdsHeldOut(sentence: string, { heldOut }: Wordings): boolean {
  const said = ` ${plainWords(sentence)} `
  return plainOf(heldOut).some((words) => said.includes(words))
}

/** Every question that is drawn is held against the same few. */
const plain = new WeakMap<readonly string[], readonly string[]>()

function plainOf(heldOut: readonly string[]): readonly string[] {
  const words = plain.get(heldOut) ?? heldOut.map((wording) => ` ${plainWords(wording)} `)
  plain.set(heldOut, words)
  return words
}

const plainWords = (sentence: string) =>
  sentence
    .toLowerCase()
    .replaceAll(/[^a-z{} ]/g, '')
    .replaceAll(/ +/g, ' ')
    .trim()

export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function fill(template: string, slots: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const words = slots[name]
    if (words === undefined) throw new PalError(`expected words for the slot {${name}}`, { key: template })
    return words
  })
}
