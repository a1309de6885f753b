import type { Message } from '../../text/chat.js'

/** A message, and the keys under which the row has it, so that a mistake in it is told there. */
export interface WrittenMessage extends Message {
  readonly keys: MessageKeys
}

/** Of who says it, and of what is said. */
interface MessageKeys {
  readonly role: string
  readonly content: string
}

/** The keys of a message in a list. */
export function keysIn(list: string, index: number, names: MessageKeys = OURS): MessageKeys {
  return { role: `${list}.${index}.${names.role}`, content: `${list}.${index}.${names.content}` }
}

const OURS: MessageKeys = { role: 'role', content: 'content' }

/** A key of the row that holds what somebody says, and what it holds. */
type Saying = readonly [key: string, content: string]

/** A question and its answer. */
export function exchange(question: Saying, answer: Saying): readonly WrittenMessage[] {
  return [said('user', question), said('assistant', answer)]
}

/** The system's message of a row that may have one under `system`. */
export function opening(system: string | undefined): readonly WrittenMessage[] {
  return system ? [said('system', ['system', system])] : []
}

function said(role: Message['role'], [key, content]: Saying): WrittenMessage {
  return { role, content, keys: { role: key, content: key } }
}
