import { answerPhrase, type Named, sentence } from '../data/questions/labels.js'
import { labelsIn } from '../data/questions/labels-in.js'
import { normalize } from '../data/questions/normalize.js'
import { verdict } from '../data/questions/score.js'
import type { AnswerVocabulary } from '../data/questions/task.js'
import { capitalize } from '../data/questions/wording.js'
import { PalError } from '../errors.js'
import type { EvalItem } from './items.js'

/** Every answer that a question may have: what the likelihood protocol chooses from. */
export interface ClosedAnswers {
  /** As the model would write them, each once. */
  readonly candidates: readonly string[]
  /** Those that are right: one, or of tags any number. */
  readonly correct: readonly string[]
}

type Question = Pick<EvalItem, 'task' | 'scoring' | 'expected' | 'choices' | 'closed'>

/**
 * The item's own closed answers or, where the question is by choice, about yes or no, or about the one label of a
 * vocabulary, those that follow from it.
 * @returns nothing for questions that are answered in free words
 */
export function closedAnswers(item: Question, vocabulary: AnswerVocabulary): ClosedAnswers | undefined {
  if (item.closed) return item.closed
  const { scoring, expected, choices } = item
  switch (scoring) {
    case 'multiple-choice':
      return choices && { candidates: [...new Set(choices)], correct: [expected] }
    case 'presence': {
      const candidates = ['Yes.', 'No.']
      const correct = candidates.filter((answer) => verdict(answer) === verdict(expected))
      return correct.length === 1 ? { candidates, correct } : undefined
    }
    case 'name':
      // Silence and noise are offered where one of them is heard: a sound is chosen from the sounds.
      return (
        ofLabels(['sound'], expected, vocabulary) ?? ofLabels(['sound', 'background'], expected, vocabulary)
      )
    case 'digit':
    case 'drum':
      return ofLabels([scoring], expected, vocabulary)
    case 'choice':
      return ofLabels(['sound', 'digit', 'drum'], expected, vocabulary)
    default:
      return undefined
  }
}

/** @throws PalError naming the tasks that have questions without closed answers */
export function expectClosed(items: readonly Question[], vocabulary: AnswerVocabulary): void {
  const open = new Set(items.filter((item) => !closedAnswers(item, vocabulary)).map(({ task }) => task))
  if (open.size === 0) return
  throw new PalError(
    `expected tasks whose answers are chosen from a list, got questions with free answers in ${[...open].join(', ')}`,
    { key: '--protocol', hint: 'Leave these out with --tasks, or ask by --protocol generation.' },
  )
}

/** A data set's label as an answer: "Dog barking." */
export const labelAnswer = (label: string): string => `${capitalize(label)}.`

/** The closed answers of a data set with one label for each recording. */
export function labelAnswers(labels: readonly string[], correct: readonly string[]): ClosedAnswers {
  return { candidates: labels.map(labelAnswer), correct: correct.map(labelAnswer) }
}

function ofLabels(
  kinds: readonly Named['kind'][],
  expected: string,
  vocabulary: AnswerVocabulary,
): ClosedAnswers | undefined {
  const [label, ...more] = labelsIn(normalize(expected), vocabulary)
  const known = kinds.flatMap((kind) => (vocabulary[kind] ?? []).map((label) => ({ label, kind })))
  const right = known.find((named) => named.label === label)
  if (!right || more.length > 0) return undefined
  return { candidates: [...new Set(known.map(labelSentence))], correct: [labelSentence(right)] }
}

/** As answers of training name it: digits by themselves, all else in its phrase. */
function labelSentence(named: Named): string {
  return sentence([named.kind === 'digit' ? named.label : answerPhrase(named)])
}
