import { z } from 'zod'
import { audioPlaceholder } from '../message.js'
import type { Dialect } from './dialect.js'
import { audios, heardIn, holdsList, optional, ownFields } from './fields.js'
import { learnMarks, learnOf } from './learn-marks.js'
import { keysIn, opening } from './written-message.js'

/**
 * The form of ShareGPT, as LLaMA-Factory reads it with `audios`, and as Audio Flamingo 3 has it with a `sound` whose
 * place is `<sound>`.
 */
export const conversations: Dialect = {
  name: 'conversations',
  example:
    '{"conversations":[{"from":"human","value":"<audio>What is it?"},{"from":"gpt","value":"A dog."}],"audios":["a.wav"]}, or "<sound>\\nWhat is it?" with "sound":"a.wav"',
  detects: (row) => holdsList(row, 'conversations'),
  audioKeys: ['sound', 'audio'],
  schema: z.lazy(() => schema),
}

const from = z
  .enum(['system', 'human', 'user', 'gpt', 'assistant'])
  .transform((name) => (name === 'human' ? 'user' : name === 'gpt' ? 'assistant' : name))

const message = z
  .object({ from, value: z.string(), ...learnMarks })
  .transform(({ from: role, value, ...marks }, context) => ({
    role,
    content: value.replaceAll(/<(?:sound|speech)>\n?/g, audioPlaceholder),
    ...learnOf(role, marks, context),
  }))

const schema = z
  .object({
    ...ownFields,
    conversations: z.array(message).min(2),
    system: optional(z.string()),
    sound: optional(audios),
    audio: optional(audios),
    audios: optional(audios),
  })
  .transform(({ conversations, system, sound, audio, audios, ...row }, context) => {
    const said = conversations.map((message, i) => ({
      ...message,
      keys: keysIn('conversations', i, { role: 'from', content: 'value' }),
    }))
    return {
      ...row,
      messages: [...opening(system), ...said],
      audios: heardIn({ sound, audio, audios }, context),
    }
  })
