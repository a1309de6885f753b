import { z } from 'zod'
import type { Dialect } from './dialect.js'
import { audios, optional, ownFields } from './fields.js'
import { exchange } from './written-message.js'

/**
 * SLAM-LLM's (github.com/X-LANCE/SLAM-LLM): a recording and what to make of it. What is asked stands in its
 * configuration; a row's `prompt` may be one, or a tag for the task, such as `<AAC>`.
 */
export const sourceTarget: Dialect = {
  name: 'source and target',
  example: '{"key":"1","source":"a.wav","target":"A dog barks.","prompt":"Describe the audio."}',
  // A labelled recording may have keys of these names, too, but its source is no file.
  detects: (row) => 'key' in row && 'target' in row && 'source' in row && AUDIO.test(String(row.source)),
  audioKeys: ['source'],
  schema: z.lazy(() => schema),
}

const schema = z
  .object({
    ...ownFields,
    key: z.string(),
    source: audios,
    target: z.string().min(1),
    prompt: optional(z.string()),
  })
  .transform(({ key, source, target, prompt = '', ...row }) => {
    const [, bracketed, tag = bracketed] = TAG.exec(prompt) ?? []
    const { id = key, task = tag && (TASKS[tag.toUpperCase()] ?? tag.toLowerCase()) } = row
    return {
      ...row,
      ...{ id, task, audios: source },
      messages: exchange(['prompt', tag === undefined ? prompt : ''], ['target', target]),
    }
  })

const AUDIO = /\.(wav|flac|mp3|ogg|oga|opus|m4a|mp4|aac|au)$/i
const TAG = /^<(\w+)>$|^([A-Z][A-Z0-9_]*)$/

/** The tasks that have a scoring of their own here. */
const TASKS: Readonly<Record<string, string>> = { ASR: 'transcription', AAC: 'caption' }
