import { z } from 'zod'
import type { Dialect } from './dialect.js'
import { audios, heardIn, optional, ownFields } from './fields.js'
import { exchange, opening } from './written-message.js'

/**
 * The form of Alpaca: with one `audio_id`, as LTU's OpenAQA and GAMA have it, or with `audios`, as LLaMA-Factory reads it.
 * An input that is not empty stands below the instruction (of LTU-AS it is what is spoken).
 */
export const instructions: Dialect = {
  name: 'instructions',
  example:
    '{"instruction":"What is it?","input":"","audio_id":"a.wav","dataset":"esc50","task":"open-ended question","output":"A dog."}',
  detects: (row) => 'instruction' in row && 'output' in row,
  audioKeys: ['audio_id', 'audio'],
  schema: z.lazy(() => schema),
}

const schema = z
  .object({
    ...ownFields,
    instruction: z.string().min(1),
    input: optional(z.string()),
    output: z.string(),
    system: optional(z.string()),
    history: optional(z.array(z.tuple([z.string(), z.string()]))),
    audio_id: optional(audios),
    audio: optional(audios),
    audios: optional(audios),
  })
  .transform(
    ({ instruction, input, output, system, history = [], audio_id, audio, audios, ...row }, context) => ({
      ...row,
      messages: [
        ...opening(system),
        ...history.flatMap(([question, answer], i) =>
          exchange([`history.${i}.0`, question], [`history.${i}.1`, answer]),
        ),
        ...exchange(['instruction', input ? `${instruction}\n${input}` : instruction], ['output', output]),
      ],
      audios: heardIn({ audio_id, audio, audios }, context),
    }),
  )
