/** Where an audio stands in a message. */
export const audioPlaceholder = '<audio>'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}
