/** Where an audio stands in a message. */
export const audioPlaceholder = '<audio>'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  /** Whether training learns an answer, or only reads it as what was said before another. @default true */
  readonly learn?: boolean
}

/** Whether training learns to say this. */
export const isLearnt = ({ role, learn = true }: Message): boolean => role === 'assistant' && learn
