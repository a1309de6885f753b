import { z } from 'zod'
import { choiceQuestion } from '../questions/choice-question.js'
import type { Dialect } from './dialect.js'
import { audios, heardIn, optional, ownFields, text } from './fields.js'
import { exchange } from './written-message.js'

/**
 * A question and its answer: as MMAU (`audio_id`) and MMAR (`audio_path`) have them, with choices, which are asked as `pal
 * eval mmau:…` asks them, and as Kimi-Audio's evaluation kit has them (`audio_path`, `subset`), whose question may be empty.
 */
export const questionAnswer: Dialect = {
  name: 'question and answer',
  example:
    '{"audio_path":"a.wav","question":"What is it?","answer":"A dog."}, or with "audio_id", "choices":["A dog.","A cat."], "task"',
  detects: (row) => 'question' in row && 'answer' in row,
  audioKeys: ['audio_path', 'audio_id', 'audio'],
  schema: z.lazy(() => schema),
}

const schema = z
  .object({
    ...ownFields,
    index: ownFields.id,
    audio_path: optional(audios),
    audio_id: optional(audios),
    audio: optional(audios),
    audios: optional(audios),
    question: z.string(),
    answer: text(
      z.string({ message: 'expected the right answer: of some test splits it is withheld' }).min(1),
    ),
    subset: optional(z.string().min(1)),
  })
  .transform(({ index, audio_path, audio_id, audio, audios, question, answer, subset, ...row }, context) => {
    const { id = index, task = subset, choices } = row
    const asked = choices ? choiceQuestion({ question, choices }) : question
    return {
      ...row,
      ...{ id, task, audios: heardIn({ audio_path, audio_id, audio, audios }, context) },
      messages: exchange(['question', asked], ['answer', answer]),
    }
  })
