import { contentParts } from './content-parts.js'
import { conversations } from './conversations.js'
import type { Dialect } from './dialect.js'
import { instructions } from './instructions.js'
import { messages } from './messages.js'
import { questionAnswer } from './question-answer.js'
import { sourceTarget } from './source-target.js'
import { typedMessages } from './typed-messages.js'

/** Every way of writing a manifest's rows; a new one is a file and a line here. The first that fits is taken. */
export const dialects: readonly Dialect[] = [
  contentParts,
  messages,
  conversations,
  typedMessages,
  instructions,
  questionAnswer,
  sourceTarget,
]
