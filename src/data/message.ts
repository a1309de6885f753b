import type { Message } from '../text/chat.js'

/** Where an audio stands in a message. */
export const audioPlaceholder = '<audio>'

/** Whether training learns to say this. */
export const isLearnt = ({ role, learn = true }: Message): boolean => role === 'assistant' && learn
