import { maxSeconds } from '../audio/length-limit.js'
import {
  abortSignal,
  being,
  type Checks,
  checkOptions,
  having,
  listOf,
  text,
  wholeNumber,
} from '../check-options.js'
import { type SamplingOptions, samplingChecks } from '../llm/sampling.js'
import type { ChatMessage } from '../text/chat.js'
import type { AudioInput } from './answering/ears.js'

export interface ListenOptions {
  /** The longest that a file, or the bytes of one, may be, in seconds (see `ReadAudioOptions`). @default 3600 */
  readonly maxSeconds?: number
  readonly signal?: AbortSignal
}

export interface ScoreOptions extends ListenOptions {
  /** What was said before about the same audio. */
  readonly history?: readonly ChatMessage[]
}

export interface AskOptions extends ScoreOptions, SamplingOptions {
  /** The most tokens of the answer. One that is cut there says so in its warnings. @default 256 */
  readonly maxTokens?: number
  /** The answer ends before the first of these strings. @default none */
  readonly stop?: readonly string[]
}

/** One of several questions that are answered together, each about audio of its own. */
export interface Question {
  readonly audio: AudioInput | readonly AudioInput[]
  readonly question: string
  /** What was said before about the same audio. */
  readonly history?: readonly ChatMessage[]
}

/** @throws PalError for an option that there is not, and for one of a value that it cannot have */
export function checkListenOptions(options: ListenOptions): void {
  checkOptions(options, LISTENING, '{ signal }')
}

/** @throws PalError as `checkListenOptions` does */
export function checkScoreOptions(options: ScoreOptions): void {
  checkOptions(options, SCORING, '{ history: [] }')
}

/** @throws PalError as `checkListenOptions` does */
export function checkAskOptions(options: AskOptions): void {
  checkOptions(options, ASKING, EXAMPLE)
}

/** Each question has a history of its own. @throws PalError as `checkListenOptions` does */
export function checkAskAllOptions(options: Omit<AskOptions, 'history'>): void {
  checkOptions(options, ASKING_ALL, EXAMPLE)
}

/** What audio and question are is looked at when they are heard and read. @throws PalError for what else is wrong */
export function checkQuestions(questions: readonly Question[]): void {
  const check = (one: unknown, key: string) =>
    checkOptions(one as Question, QUESTION, "{ audio: 'recording.wav', question: 'What do you hear?' }", key)
  listOf('a list of questions', check)(questions, 'questions')
}

/** @throws PalError for what is no list of texts */
export const checkAnswers = listOf('a list of answers', text)

const EXAMPLE = '{ maxTokens: 64 }'

const history = listOf(
  'a list of messages',
  having<ChatMessage>("a message, such as { role: 'user', content: 'What do you hear?' }", {
    role: being('"system", "user" or "assistant"', (value) =>
      ['system', 'user', 'assistant'].includes(value as string),
    ),
    content: text,
  }),
)

const LISTENING: Checks<ListenOptions> = { maxSeconds, signal: abortSignal }
const SCORING: Checks<ScoreOptions> = { history, ...LISTENING }
const ANSWERING: Checks<Omit<AskOptions, keyof ScoreOptions>> = {
  maxTokens: wholeNumber,
  stop: listOf('a list of texts', text),
  ...samplingChecks,
}
const ASKING: Checks<AskOptions> = { ...ANSWERING, ...SCORING }
const ASKING_ALL: Checks<Omit<AskOptions, 'history'>> = { ...ANSWERING, ...LISTENING }
const QUESTION: Checks<Question> = { audio: () => undefined, question: () => undefined, history }
