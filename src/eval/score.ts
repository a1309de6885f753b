import { normalize } from '../data/questions/normalize.js'
import { isReadable, scoreAnswer } from '../data/questions/score.js'
import type { AnswerVocabulary } from '../data/questions/task.js'
import type { EvalItem } from './items.js'
import type { Outcome } from './measure.js'
import { chosen } from './metrics/multiple-choice.js'
import { normalizeBasic } from './metrics/normalize-basic.js'
import { normalizeEnglish } from './metrics/normalize-english.js'
import { sameTags, type Tagging, tagsIn } from './metrics/tags.js'

/** Changes whenever the same answer would score something else, or a measure be another number. */
export const SCORER_VERSION = 4

export interface Verdict extends Partial<Tagging> {
  readonly right: boolean
  /** The answer cannot be read as what was asked for; it is wrong. */
  readonly offFormat: boolean
}

/** Whether an answer is right by itself. What a whole task's answers come to is `measuresOf` its scoring. */
export function judge(
  {
    scoring,
    expected,
    accept = [],
    choices = [],
    tags,
    protocol,
    correct = [],
  }: Pick<EvalItem, 'scoring' | 'expected' | 'accept' | 'choices' | 'tags'> &
    Pick<Outcome, 'protocol' | 'correct'>,
  answer: string,
  vocabulary: AnswerVocabulary,
): Verdict {
  if (protocol === 'likelihood') return { right: correct.includes(answer), offFormat: false }
  const references = [expected, ...accept]
  switch (scoring) {
    case 'multiple-choice': {
      const choice = chosen(answer, choices)
      return {
        right: choice !== undefined && choice === chosen(expected, choices),
        offFormat: choice === undefined,
      }
    }
    case 'tags': {
      const named = tagsIn(answer, vocabulary)
      // Answers of before the labels were kept have them in words alone.
      const wanted = tags ?? tagsIn(expected, vocabulary)
      return { right: sameTags(named, wanted), offFormat: named.length === 0, tags: wanted, named }
    }
    case 'transcription':
    case 'transcription-basic': {
      const plain = scoring === 'transcription' ? normalizeEnglish : normalizeBasic
      const said = references.map((reference) => plain(reference).trim())
      // Nothing said is rightly answered with nothing.
      return { right: said.includes(plain(answer).trim()), offFormat: false }
    }
    case 'captioning': {
      const words = normalize(answer).join(' ')
      return { right: references.some((one) => normalize(one).join(' ') === words), offFormat: words === '' }
    }
    default:
      return {
        right: scoreAnswer(scoring, answer, { expected, accept, vocabulary }),
        offFormat: !isReadable(scoring, answer, vocabulary),
      }
  }
}
