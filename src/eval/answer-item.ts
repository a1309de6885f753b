import type { Vocabulary } from '../data/questions/task.js'
import type { AudioMemory } from '../model/ears.js'
import type { Pal } from '../model/pal.js'
import { closedAnswers } from './closed-answers.js'
import type { EvalItem } from './items.js'
import { likeliest } from './likelihood-measures.js'
import type { AnswerNll } from './measure.js'
import type { Sample } from './run.js'
import { judge } from './score.js'

/**
 * How a model is brought to answer. `generation`: it writes its answer, which is read strictly. `likelihood`: of all
 * answers that the question may have, the one that it finds likeliest counts. Numbers of one are not to be compared
 * with numbers of the other.
 */
export const protocols = ['generation', 'likelihood'] as const
export type Protocol = (typeof protocols)[number]

export interface AnswerOptions {
  readonly protocol: Protocol
  /** Also how likely the model finds the right answer. */
  readonly nll: boolean
  readonly vocabulary: Vocabulary
}

/** A question about what was heard, answered and judged. */
export async function answerItem(
  pal: Pal,
  memory: AudioMemory,
  { samples: _, ...item }: EvalItem,
  { protocol, nll, vocabulary }: AnswerOptions,
): Promise<Sample> {
  const { closed: given, ...kept } = item
  const closed = closedAnswers(item, vocabulary)
  const answered =
    protocol === 'likelihood' && closed
      ? await chosen(pal, memory, item.question, closed)
      : { answer: await written(pal, memory, item) }
  const sample = {
    ...kept,
    ...answered,
    ...(nll && { nll: await nllOf(pal, memory, item, closed?.correct) }),
  }
  return { ...sample, ...judge(sample, sample.answer, vocabulary) }
}

async function written(pal: Pal, memory: AudioMemory, { scoring, question }: Omit<EvalItem, 'samples'>) {
  const maxTokens = LONG_ANSWERS.has(scoring) ? 256 : 48
  const { answer } = await pal.ask(memory, question, { maxTokens }).result
  return answer
}

const LONG_ANSWERS: ReadonlySet<string> = new Set(['captioning', 'transcription', 'transcription-basic'])

async function chosen(
  pal: Pal,
  memory: AudioMemory,
  question: string,
  { candidates, correct }: NonNullable<EvalItem['closed']>,
) {
  const scored = await pal.score(memory, question, candidates)
  const scores = Object.fromEntries(scored.map(({ answer, logProbability }) => [answer, logProbability]))
  return { protocol: 'likelihood' as const, answer: likeliest(scores), correct, scores }
}

/** Of the right answer as the model would write it; of several right ones (other captions), of the first. */
async function nllOf(
  pal: Pal,
  memory: AudioMemory,
  { question, expected }: Omit<EvalItem, 'samples'>,
  correct: readonly string[] = [],
): Promise<AnswerNll> {
  const answer = correct.length === 1 ? (correct[0] as string) : expected
  const [score] = await pal.score(memory, question, [answer])
  return { nats: -score!.logProbability, tokens: score!.tokens }
}
