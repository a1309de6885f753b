import { PalError } from '../../errors.js'
import { Random } from '../../random.js'
import type { SceneEvent } from '../scenes/scene.js'
import { caption } from './caption.js'
import { choice } from './choice.js'
import { count } from './count.js'
import { digit } from './digit.js'
import { drum } from './drum.js'
import { louder } from './louder.js'
import { name } from './name.js'
import { order } from './order.js'
import { presence } from './presence.js'
import type { Question, QuestionKind, Task, Vocabulary } from './task.js'
import { pickWording, type WordingSplit } from './wording.js'

/** Every task; a new one is a file and a line here. */
export const questionKinds: readonly QuestionKind[] = [
  name,
  presence,
  choice,
  digit,
  drum,
  order,
  count,
  louder,
  caption,
]

export interface AskOptions {
  readonly wordings: WordingSplit
  /** How often each task is asked, relative to the others. All alike when absent; tasks not named are not asked. */
  readonly tasks?: Readonly<Partial<Record<Task, number>>>
  readonly vocabulary: Vocabulary
  /**
   * Answers to `presence` and `order` begin with all that is heard: "Rain. No." A language model then compares words that it
   * has written or read, and need not learn to compare a word with a sound. @default false
   */
  readonly evidence?: boolean
}

/**
 * One question about a timeline and its true answer, of a task that the timeline allows.
 * @throws PalError when it allows none of the tasks.
 */
export function askAbout(events: readonly SceneEvent[], random: Random, options: AskOptions): Question {
  const question = tryToAsk(events, random, options)
  if (question) return question
  throw new PalError('expected a task that can be asked about this audio, got none', {
    key: 'tasks',
    hint: 'Add a task that every audio allows: name or caption.',
  })
}

/** Whether a timeline allows any of the tasks. */
export function canBeAsked(events: readonly SceneEvent[], options: AskOptions): boolean {
  return asked(events, options).some(({ kind }) =>
    kind.plan(events, new Random('whether there is a plan'), options.vocabulary),
  )
}

/**
 * Several questions about one timeline, each of a task drawn by its weight.
 * @throws PalError as `askAbout` does.
 */
export function askSeveral(
  events: readonly SceneEvent[],
  random: Random,
  count: number,
  options: AskOptions,
): Question[] {
  return Array.from({ length: count }, () => askAbout(events, random, options))
}

function tryToAsk(events: readonly SceneEvent[], random: Random, options: AskOptions): Question | undefined {
  const { wordings, vocabulary, evidence = false } = options
  let left = asked(events, options)
  while (left.length > 0) {
    const { kind } = random.weighted(left, ({ weight }) => weight)
    const plan = kind.plan(events, random, vocabulary)
    if (plan) {
      const form = kind.forms[plan.form]
      if (!form) throw new Error(`task ${kind.task} has no form ${plan.form}`)
      const question = pickWording(form, wordings, plan.slots ?? {}, random)
      const told = evidence && plan.takesEvidence ? `${name.plan(events, random, vocabulary)!.answer} ` : ''
      return { task: kind.task, form: plan.form, question, answer: `${told}${plan.answer}` }
    }
    left = left.filter((other) => other.kind !== kind)
  }
  return undefined
}

/** The tasks that are asked at all, and how often where they can be. */
function asked(events: readonly SceneEvent[], { tasks }: AskOptions) {
  return questionKinds
    .map((kind) => ({
      kind,
      weight: (tasks ? (tasks[kind.task] ?? 0) : 1) * (kind.relevance?.(events) ?? 1),
    }))
    .filter(({ weight }) => weight > 0)
}
