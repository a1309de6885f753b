import type { Dialect } from './dialect.js'
import { messages } from './messages.js'

/** Every way of writing a manifest's rows; a new one is a file and a line here. The first that fits is taken. */
export const dialects: readonly Dialect[] = [messages]
