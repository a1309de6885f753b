import { z } from 'zod'
import type { Dialect } from './dialect.js'

/** Our own form, which ms-swift shares. Keys not named here are allowed and left alone. */
export const messages: Dialect = {
  name: 'messages',
  example:
    '{"messages":[{"role":"user","content":"<audio>What is it?"},{"role":"assistant","content":"A dog."}],"audios":["a.wav"]}',
  detects: (row) => 'messages' in row,
  schema: z.object({
    id: z.union([z.string(), z.number().transform(String)]).optional(),
    messages: z
      .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
      .min(2),
    audios: z.array(z.string().min(1)),
    task: z.string().min(1).optional(),
    accept: z.array(z.string().min(1)).optional(),
    choices: z.array(z.string().min(1)).min(2).optional(),
  }),
}
