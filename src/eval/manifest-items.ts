import { resolve } from 'node:path'
import type { Example } from '../data/example.js'
import { readQuestions } from '../data/manifests/manifest.js'
import { audioPlaceholder } from '../data/message.js'
import { mistakeAt } from '../data/place.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { readStored } from '../data/stored-audio.js'
import { PalError } from '../errors.js'
import type { EvalItem, EvalSet } from './items.js'
import { tagsIn } from './metrics/tags.js'

/**
 * The rows of a manifest, each one question about one audio and its answer, perhaps behind a system's message. The row's
 * task says how it is scored: see `scoringOf`.
 * @param sampleRate Hz
 * @param question what rows are asked that keep no question: see `readQuestions`
 * @throws PalError naming the place of a row that is anything else
 */
export async function manifestItems(path: string, sampleRate: number, question?: string): Promise<EvalSet> {
  const scorings = new Map<string, string>()
  const items = (await readQuestions(resolve(path), question)).map((example) => {
    const item = itemOf(example, sampleRate)
    const { task, scoring } = item
    const before = scorings.get(task) ?? scoring
    if (before !== scoring) {
      throw new PalError(
        `expected rows of task "${task}" to be scored alike, got ${scoring} after ${before}`,
        {
          ...mistakeAt(example.place, 'choices'),
          hint: 'Give choices to all of its rows or to none, or name the task differently.',
        },
      )
    }
    scorings.set(task, scoring)
    return item
  })
  return { items, vocabulary: NO_LABELS }
}

const NO_LABELS = vocabularyOf([])

/** Rows with choices are multiple choice whatever their task's name; captions have several right wordings. */
function scoringOf({ task, choices }: Pick<Example, 'task' | 'choices'>): string {
  if (choices) return 'multiple-choice'
  return task === 'caption' ? 'captioning' : (task ?? 'manifest')
}

function itemOf(example: Example, sampleRate: number): EvalItem {
  const { id, messages, audios, accept, choices, place } = example
  const [audio] = audios
  const history = messages.filter(({ role }) => role === 'system')
  const [question, answer, ...more] = messages.slice(history.length)
  const plain = question?.role === 'user' && answer?.role === 'assistant' && more.length === 0
  if (audio === undefined || audios.length !== 1 || !plain) {
    const roles = messages.map(({ role }) => role).join(', ')
    throw new PalError(
      `expected one audio, a question and its answer, got ${audios.length} of them and the messages ${roles}`,
      mistakeAt(place),
    )
  }
  const scoring = scoringOf(example)
  if (scoring === 'multiple-choice' && !choices?.includes(answer.content)) {
    throw new PalError(
      `expected choices, the answer "${answer.content}" being one, got ${choices?.join(', ') ?? 'none'}`,
      mistakeAt(place, 'choices'),
    )
  }
  return {
    id,
    audio: audio.name,
    samples: () => readStored(audio, sampleRate),
    task: example.task ?? scoring,
    scoring,
    ...(history.length > 0 && { history }),
    question: question.content.replaceAll(audioPlaceholder, '').trim(),
    expected: answer.content,
    ...(accept && { accept }),
    ...(choices && { choices }),
    ...(scoring === 'tags' && { tags: tagsIn(answer.content, NO_LABELS) }),
    place,
  }
}
