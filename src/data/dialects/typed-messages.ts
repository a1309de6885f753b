import { z } from 'zod'
import { audioPlaceholder, type Message } from '../message.js'
import type { Dialect, WrittenAudio } from './dialect.js'
import { audio, holdsList, ownFields, role } from './fields.js'

/**
 * What Kimi-Audio is finetuned on (github.com/MoonshotAI/Kimi-Audio, `finetune_codes`): each message is a text or an
 * audio, and what one speaker says is several of them.
 */
export const typedMessages: Dialect = {
  name: 'typed messages',
  example:
    '{"conversation":[{"role":"user","message_type":"text","content":"What is it?"},{"role":"user","message_type":"audio","content":"a.wav"},{"role":"assistant","message_type":"text","content":"A dog."}]}',
  detects: (row) => holdsList(row, 'conversation'),
  schema: z.lazy(() => schema),
}

const message = z.discriminatedUnion(
  'message_type',
  [
    z.object({ role, message_type: z.literal('text'), content: z.string() }),
    z.object({ role, message_type: z.literal('audio'), content: audio }),
  ],
  'expected a message of the type text or audio',
)

const schema = z
  .object({ ...ownFields, conversation: z.array(message).min(2) })
  .transform(({ conversation, ...row }) => {
    const messages: Message[] = []
    const audios: WrittenAudio[] = []
    for (const { role, message_type, content } of conversation) {
      if (message_type === 'audio') audios.push(content)
      const said = message_type === 'audio' ? audioPlaceholder : content
      const before = messages.at(-1)
      if (before?.role === role) messages.splice(-1, 1, { role, content: before.content + said })
      else messages.push({ role, content: said })
    }
    return { ...row, messages, audios }
  })
