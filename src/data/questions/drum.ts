import { answerPhrase, sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { wordings } from './wording.js'

export const noDrum = 'No drum is played.'

/** Which drum is hit? The drums in time, or that there is none. */
export const drum: QuestionKind = {
  task: 'drum',
  forms: {
    drum: wordings({
      train: [
        'Which (drum|drum sound|part of the drum kit) (is hit|is played|do you hear|is it|was that)?',
        'What (drum|drum sound) (is hit|is played|do you hear|is it|was that)?',
        '(Name|Identify) the drum.',
        'Tell me (the|which) drum.',
        'Tell me which drum (is hit|is played|you hear).',
        'Can you tell me which drum (this|it) is?',
        'What is the drummer (hitting|playing)?',
        'Which drum did they hit?',
        'What kind of drum is (it|this)?',
      ],
      heldOut: [
        'A drummer strikes something, what?',
        'Say which piece of the kit sounds here.',
        'What percussion instrument is struck?',
        'Give the name of the drum in this recording.',
        'Do you know what drum that was?',
      ],
    }),
  },
  plan(events) {
    const drums = heard(events).filter((event) => event.kind === 'drum')
    const labels = distinct(drums)
    if (labels.length > 1 && labels.length < drums.length) return undefined
    return { form: 'drum', answer: labels.length > 0 ? sentence(labels.map(answerPhrase)) : noDrum }
  },
  relevance: (events) => (events.some((event) => event.kind === 'drum') ? 1 : 0.15),
}
