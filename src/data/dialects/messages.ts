import { z } from 'zod'
import type { Dialect } from './dialect.js'
import { audio, holdsList, ownFields, role } from './fields.js'
import { learnMarks, learnOf } from './learn-marks.js'
import { keysIn } from './written-message.js'

/** Our own form, which ms-swift and LLaMA-Factory share. Keys not named here are allowed and left alone. */
export const messages: Dialect = {
  name: 'messages',
  example:
    '{"messages":[{"role":"user","content":"<audio>What is it?"},{"role":"assistant","content":"A dog."}],"audios":["a.wav"]}',
  detects: (row) => holdsList(row, 'messages'),
  schema: z.lazy(() => schema),
}

const message = z
  .object({ role, content: z.string(), ...learnMarks })
  .transform(({ role, content, ...marks }, context) => ({ role, content, ...learnOf(role, marks, context) }))

const schema = z
  .object({ ...ownFields, messages: z.array(message).min(2), audios: z.array(audio) })
  .transform(({ messages, ...row }) => ({
    ...row,
    messages: messages.map((message, i) => ({ ...message, keys: keysIn('messages', i) })),
  }))
