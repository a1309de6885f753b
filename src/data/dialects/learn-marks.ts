import { z } from 'zod'
import type { Message } from '../../text/chat.js'
import { optional } from './fields.js'

/**
 * What a message may say of whether it is learnt: `weight` of 1 or 0, as OpenAI's fine-tuning has it, and `loss` of true or
 * false, as ms-swift has it. Neither is needed, and no other amount is one of theirs.
 */
export const learnMarks = {
  weight: optional(
    z
      .literal([0, 1], { error: ({ input }) => `expected 0 or 1, got ${JSON.stringify(input)}` })
      .transform((weight) => weight === 1),
  ),
  loss: optional(z.boolean({ error: ({ input }) => `expected true or false, got ${JSON.stringify(input)}` })),
}

/**
 * What the marks make of a message of this role. Only what the assistant says is ever learnt, so of the others they may
 * say no more than that.
 */
export function learnOf(
  role: Message['role'],
  { weight, loss }: { readonly weight: boolean | undefined; readonly loss: boolean | undefined },
  context: z.RefinementCtx,
): Pick<Message, 'learn'> {
  const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
  const learn = weight ?? loss
  if (weight !== undefined && loss !== undefined && weight !== loss) {
    refuse('loss', `expected ${weight}, as the weight is ${weight ? 1 : 0}, or none, got ${loss}`)
  } else if (learn && role !== 'assistant') {
    const key = weight === undefined ? 'loss' : 'weight'
    refuse(key, `expected none, since only the assistant's messages are learnt, got one of the ${role}`)
  }
  return role === 'assistant' && learn === false ? { learn } : {}
}
