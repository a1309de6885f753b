import { z } from 'zod'
import { audioPlaceholder } from '../message.js'
import type { Dialect, WrittenAudio } from './dialect.js'
import { audio, holdsList, ownFields, role } from './fields.js'
import { learnMarks, learnOf } from './learn-marks.js'
import { keysIn, type WrittenMessage } from './written-message.js'

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

const message = z
  .discriminatedUnion(
    'message_type',
    [
      z.object({ role, message_type: z.literal('text'), content: z.string(), ...learnMarks }),
      z.object({ role, message_type: z.literal('audio'), content: audio, ...learnMarks }),
    ],
    'expected a message of the type text or audio',
  )
  .transform(({ weight, loss, ...message }, context) => ({
    ...message,
    ...learnOf(message.role, { weight, loss }, context),
  }))

const schema = z
  .object({ ...ownFields, conversation: z.array(message).min(2) })
  .transform(({ conversation, ...row }, context) => {
    const messages: WrittenMessage[] = []
    const audios: WrittenAudio[] = []
    for (const [i, { message_type, content, ...message }] of conversation.entries()) {
      if (message_type === 'audio') {
        audios.push(content)
        if (message.role !== 'user') {
          const expected = `expected audio from the user only, got it from the ${message.role}`
          context.addIssue({ code: 'custom', path: ['conversation', i, 'message_type'], message: expected })
        }
      }
      const said = message_type === 'audio' ? audioPlaceholder : content
      const before = messages.at(-1)
      if (before?.role !== message.role) {
        messages.push({ ...message, content: said, keys: keysIn('conversation', i) })
        continue
      }
      if (before.learn !== message.learn) {
        const expected = 'expected all that is said in one turn to be learnt, or nothing of it'
        context.addIssue({ code: 'custom', path: ['conversation', i], message: expected })
      }
      messages.splice(-1, 1, { ...before, content: before.content + said })
    }
    return { ...row, messages, audios }
  })
