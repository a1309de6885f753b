import { heardPhrase, verbFor } from './labels.js'
import type { QuestionKind } from './task.js'
import { absentLabel, heard } from './timeline.js'
import { wordings } from './wording.js'

/** Is it there? Half of the questions about a scene with events have the answer yes. */
export const presence: QuestionKind = {
  task: 'presence',
  forms: {
    presence: wordings({
      train: [
        '{is} there {a}?',
        '{is} there {a} (in this|in the recording|in this recording|in this clip|here)?',
        '(Do|Can|Did) you hear {a}?',
        '(Do|Can) you hear {a} (in this|in the recording|here|anywhere)?',
        'Is (this|that|it) {a}?',
        'Does (this|it) sound like {a}?',
        '{is} {a} in (this|the recording|there)?',
        'Can {a} be heard?',
        'Could this be {a}?',
        'Tell me if you hear {a}.',
        'Yes or no: do you hear {a}?',
        'Is that the sound of {a}?',
        'Am I hearing {a}?',
        'Was that {a}?',
      ],
      heldOut: [
        'Does the audio contain {a}?',
        'Would you say there is {a} in it?',
        'Have you noticed {a}?',
        'I think I hear {a}, am I right?',
        'Say yes if {a} can be heard, otherwise no.',
        'Listen for {a}. Any luck?',
      ],
    }),
  },
  plan(events, random, vocabulary) {
    const sounds = heard(events)
    const yes = sounds.length > 0 && random.chance(0.5)
    const asked = yes ? random.pick(sounds) : absentLabel(sounds, random, vocabulary)
    if (!asked) return undefined
    const a = heardPhrase(asked, random)
    return { form: 'presence', slots: { a, is: verbFor(a) }, answer: yes ? 'Yes.' : 'No.' }
  },
  // Of silence the answer is always no: asked often, it would tip the balance.
  relevance: (events) => (heard(events).length > 0 ? 1 : 0.05),
}
