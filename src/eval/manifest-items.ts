import { resolve } from 'node:path'
import type { Example } from '../data/example.js'
import { askingMistakes, scoringOf } from '../data/manifests/asking-mistakes.js'
import { readQuestions } from '../data/manifests/manifest.js'
import { expectNone } from '../data/manifests/row-mistake.js'
import { audioPlaceholder } from '../data/message.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { readStored, type StoredAudio } from '../data/stored-audio.js'
import type { Message } from '../text/chat.js'
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
  const mistakeOf = askingMistakes()
  const items = (await readQuestions(resolve(path), question)).map((example) => {
    expectNone(mistakeOf(example), example.place)
    return itemOf(example, sampleRate)
  })
  return { items, vocabulary: NO_LABELS }
}

const NO_LABELS = vocabularyOf([])

/** @param example in which `askingMistakes` finds none */
function itemOf(example: Example, sampleRate: number): EvalItem {
  const { id, messages, audios, accept, choices, place } = example
  const [audio] = audios as [StoredAudio]
  const history = messages.filter(({ role }) => role === 'system')
  const [question, answer] = messages.slice(history.length) as [Message, Message]
  const scoring = scoringOf(example)
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
