import { HEAD_PREFIX } from './labels.js'
import type { ObjectiveName } from './recipe/objectives.js'

/** Whether a weight takes part in what an objective learns. What does not has no gradient, whatever a stage's patterns say. */
export function reachedBy(objective: ObjectiveName): (name: string) => boolean {
  switch (objective) {
    case 'answers':
      return (name) => !name.startsWith(HEAD_PREFIX)
    case 'words':
      // Time means nothing to the mean of a sound's tokens.
      return (name) => name.startsWith('encoders.') && !name.includes('.connector.clock.')
    case 'labels':
      return (name) => ENCODER.test(name) || LABEL_HEAD.test(name)
    case 'timeline':
      return (name) => ENCODER.test(name) || name.startsWith(HEAD_PREFIX)
  }
}

/** The encoder whose weight it is, or whose connector's or classifier's. */
export function encoderOf(name: string): string | undefined {
  return /^(?:encoders|heads)\.(\w+)\./.exec(name)?.[1]
}

const ENCODER = /^encoders\.\w+\.encoder\./
const LABEL_HEAD = /^heads\.\w+\.(?:weight|bias)$/
