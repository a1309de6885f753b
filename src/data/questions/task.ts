import type { Random } from '../../random.js'
import type { ClipKind } from '../clips/clip.js'
import type { SceneEvent } from '../scenes/scene.js'
import type { Wordings } from './wording.js'

export const tasks = [
  'name',
  'presence',
  'choice',
  'digit',
  'drum',
  'order',
  'count',
  'louder',
  'caption',
] as const

export type Task = (typeof tasks)[number]

/** All labels that may be asked about, by kind. */
export type Vocabulary = Readonly<Record<ClipKind, readonly string[]>>

/** All labels that answers are read for. */
export interface AnswerVocabulary extends Vocabulary {
  /** Silence and noise, where these are asked about: elsewhere "the noise of a vacuum cleaner" names one sound. */
  readonly background?: readonly string[]
  /** Other spellings, and the label that each is of: `{ hiphop: 'hip hop' }`. */
  readonly aliases?: Readonly<Record<string, string>>
}

/** What to ask about one timeline: a form (a list of wordings), the words for its slots, and the answer. */
export interface Plan {
  readonly form: string
  readonly slots?: Readonly<Record<string, string>>
  readonly answer: string
  /** Whether the answer follows from a list of what is heard, which may be told before it: see `AskOptions`. */
  readonly takesEvidence?: boolean
}

/** A task: its wordings, one list for each form of question, and how its questions follow from a timeline. */
export interface QuestionKind {
  readonly task: Task
  readonly forms: Readonly<Record<string, Wordings>>
  /** Undefined when this timeline has no such question with one true answer: for any generator, or for none. */
  plan(events: readonly SceneEvent[], random: Random, vocabulary: Vocabulary): Plan | undefined
  /** How much less often to ask where the answer is dull, such as for the digit of a dog; 1 when absent. */
  relevance?(events: readonly SceneEvent[]): number
}

export interface Question {
  readonly task: Task
  /** Which of the task's forms it is. */
  readonly form: string
  readonly question: string
  readonly answer: string
}
