import type { AnswerVocabulary } from '../data/questions/task.js'
import type { AudioMemory } from '../model/answering/ears.js'
import type { Pal } from '../model/pal.js'
import { closedAnswers } from './closed-answers.js'
import type { EvalItem } from './items.js'
import { likeliest } from './likelihood-measures.js'
import type { AnswerNll } from './measure.js'
import type { Sample } from './sample.js'
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
  readonly vocabulary: AnswerVocabulary
}

/** A question, and what was heard that it is about. */
export interface HeardItem {
  readonly memory: AudioMemory
  readonly item: EvalItem
}

/** Questions about what was heard, answered and judged; those that are answered in writing are so together. */
export async function answerItems(
  pal: Pal,
  heard: readonly HeardItem[],
  { protocol, nll, vocabulary }: AnswerOptions,
): Promise<readonly Sample[]> {
  const closed = heard.map(({ item }) => closedAnswers(item, vocabulary))
  const chooses = (i: number) => protocol === 'likelihood' && closed[i] !== undefined
  const answers = await written(
    pal,
    heard.filter((_, i) => !chooses(i)),
  )
  const samples: Sample[] = []
  for (const [i, one] of heard.entries()) {
    const { memory, item } = one
    const { samples: _, closed: __, place: ___, ...kept } = item
    const candidates = closed[i]
    const answered =
      candidates && chooses(i)
        ? await chosen(pal, memory, item, candidates)
        : { answer: answers.get(one) as string }
    const sample = {
      ...kept,
      ...answered,
      ...(nll && { nll: await nllOf(pal, memory, item, candidates?.correct) }),
    }
    samples.push({ ...sample, ...judge(sample, sample.answer, vocabulary) })
  }
  return samples
}

async function written(pal: Pal, heard: readonly HeardItem[]): Promise<ReadonlyMap<HeardItem, string>> {
  const answers = new Map<HeardItem, string>()
  for (const maxTokens of [SHORT, LONG]) {
    const some = heard.filter(({ item }) => (LONG_ANSWERS.has(item.scoring) ? LONG : SHORT) === maxTokens)
    const asked = some.map(({ memory, item: { question, history = [] } }) => ({
      ...{ audio: memory, question, history },
    }))
    const results = asked.length > 0 ? await pal.askAll(asked, { maxTokens }) : []
    for (const [i, { answer }] of results.entries()) answers.set(some[i] as HeardItem, answer)
  }
  return answers
}

/** The most tokens of an answer. */
const [SHORT, LONG] = [48, 256]

const LONG_ANSWERS: ReadonlySet<string> = new Set(['captioning', 'transcription', 'transcription-basic'])

async function chosen(
  pal: Pal,
  memory: AudioMemory,
  { question, history = [] }: EvalItem,
  { candidates, correct }: NonNullable<EvalItem['closed']>,
) {
  const scored = await pal.score(memory, question, candidates, { history })
  const scores = Object.fromEntries(scored.map(({ answer, logProbability }) => [answer, logProbability]))
  return { protocol: 'likelihood' as const, answer: likeliest(scores), correct, scores }
}

/** Of the right answer as the model would write it; of several right ones (other captions), of the first. */
async function nllOf(
  pal: Pal,
  memory: AudioMemory,
  { question, expected, history = [] }: Omit<EvalItem, 'samples'>,
  correct: readonly string[] = [],
): Promise<AnswerNll> {
  const answer = correct.length === 1 ? (correct[0] as string) : expected
  const [score] = await pal.score(memory, question, [answer], { history })
  return { nats: -score!.logProbability, tokens: score!.tokens }
}
