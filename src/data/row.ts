import { z } from 'zod'

/** A row of a manifest, in the form that ms-swift shares; audio paths as written. Keys not named here are allowed and left alone. */
export const rowSchema = z.object({
  id: z.union([z.string(), z.number().transform(String)]).optional(),
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(2),
  audios: z.array(z.string().min(1)),
  task: z.string().min(1).optional(),
  accept: z.array(z.string().min(1)).optional(),
  choices: z.array(z.string().min(1)).min(2).optional(),
})

export type Row = z.output<typeof rowSchema>

/** As people would write it. */
export const ROW_EXAMPLE =
  '{"messages":[{"role":"user","content":"<audio>What is it?"},{"role":"assistant","content":"A dog."}],"audios":["a.wav"]}'

/** Whether something is meant to be such a row; mistakes in it are then told by the schema. */
export const hasMessages = (row: object): boolean => 'messages' in row
