import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { audioPlaceholder } from '../message.js'
import type { Dialect, WrittenAudio } from './dialect.js'
import { audio, audios, base64, listOf, optional, ownFields, role } from './fields.js'
import { learnMarks, learnOf } from './learn-marks.js'
import { keysIn } from './written-message.js'

/**
 * Messages whose content is a list of parts, as chat services and processors take them: OpenAI's `input_audio`, the
 * `audio` of Qwen (`audio_url`, `audio`) and of Transformers' chat templates (`path`, `url`), vLLM's `audio_url`. A part
 * `{"type": "audio"}` that says no more is the next one of the row's `audios`, as TRL has it. Parts follow each other
 * without anything between them, as the models' chat templates put them.
 */
export const contentParts: Dialect = {
  name: 'content parts',
  example:
    '{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGR…","format":"wav"}},{"type":"text","text":"What is it?"}]},{"role":"assistant","content":"A dog."}]}, or {"type":"audio","audio_url":"a.wav"}',
  detects: (row) => 'messages' in row && holdsParts(row.messages),
  schema: z.lazy(() => schema),
}

function holdsParts(messages: unknown): boolean {
  return Array.isArray(messages) && messages.some((message) => Array.isArray(message?.content))
}

/** What a part says: a text, an audio, or the next audio of the row. */
type Part = { readonly text: string } | { readonly audio?: WrittenAudio | undefined }

const typedPart = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }).transform(({ text }): Part => ({ text })),
    z
      .object({ type: z.literal('input_audio'), input_audio: z.object({ data: base64 }) })
      .transform(({ input_audio: { data } }): Part => ({ audio: data })),
    z
      .object({ type: z.literal('audio_url'), audio_url: z.object({ url: audio }) })
      .transform(({ audio_url: { url } }): Part => ({ audio: url })),
    z
      .object({
        type: z.literal('audio'),
        ...{
          audio: optional(audio),
          audio_url: optional(audio),
          path: optional(audio),
          url: optional(audio),
        },
      })
      .transform((one): Part => ({ audio: one.audio ?? one.audio_url ?? one.path ?? one.url })),
  ],
  'expected a part of the type text, audio, input_audio or audio_url',
)

const part = z.unknown().superRefine(expectOneName).pipe(typedPart)

/** Two names may be those of two audios: which of them is heard is not for us to choose. */
function expectOneName(part: unknown, context: z.RefinementCtx): void {
  const said = part as Record<string, unknown> | null
  const [first, another] = NAMES.filter((name) => said?.[name])
  if (first === undefined || another === undefined || isDeepStrictEqual(said?.[first], said?.[another]))
    return
  const message = `expected one name of the audio, got one as ${first} and another as ${another}`
  context.addIssue({ code: 'custom', path: [another], message })
}

/** The keys under which some part's audio stands. */
const NAMES = ['input_audio', 'audio', 'audio_url', 'path', 'url'] as const

const message = z
  .object({ role, content: listOf(part, (text) => ({ type: 'text', text })), ...learnMarks })
  .transform(({ role, content, ...marks }, context) => ({ role, content, ...learnOf(role, marks, context) }))

const schema = z
  .object({
    ...ownFields,
    messages: z.array(message).min(2),
    audios: optional(audios),
  })
  .transform(({ messages, audios: listed = [], ...row }) => {
    const next = listed.values()
    const heard: WrittenAudio[] = []
    const hear = (one: WrittenAudio | undefined) => {
      if (one !== undefined) heard.push(one)
    }
    const said = messages.map(({ content, ...message }, i) => {
      for (const one of content) {
        if (!('text' in one)) hear(one.audio ?? next.next().value)
        else for (const _ of one.text.matchAll(PLACEHOLDERS)) hear(next.next().value)
      }
      return {
        ...message,
        content: content.map((one) => ('text' in one ? one.text : audioPlaceholder)).join(''),
        keys: keysIn('messages', i),
      }
    })
    return { ...row, messages: said, audios: [...heard, ...next] }
  })

const PLACEHOLDERS = new RegExp(audioPlaceholder, 'g')
