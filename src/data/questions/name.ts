import { answerPhrase, sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { collapsed, heard } from './timeline.js'
import { wordings } from './wording.js'

/** What is it? One sound or all of them in time: "A dog bark, then rain." */
export const name: QuestionKind = {
  task: 'name',
  forms: {
    name: wordings({
      train: [
        'What (do|can) you hear?',
        'What (do|can) you hear (here|in this recording|in the recording|in this clip|now)?',
        'What are you hearing?',
        'What is (it|this|that)?',
        "What's (this|that) sound?",
        'What is (this|that|the) sound?',
        '(Can|Could) you tell me what this is?',
        'Can you (name|identify) (this|the) sound?',
        '(Name|Identify) (this|the) sound(, please|).',
        'Which sound is (in the recording|in this recording|this|that)?',
        'What kind of sound is (this|that|it)?',
        'Tell me what you hear.',
        'Please tell me what (this is|you hear).',
        'What (is making|makes) (this|that|the) sound?',
        'What sound do you hear?',
        'What am I listening to?',
        'Do you know what (this|that) (is|sound is)?',
        'What was that?',
        'What could this be?',
        'Say what you hear.',
        'What is playing?',
        'Listen. What is it?',
      ],
      heldOut: [
        'Tell me what the recording contains.',
        'What sounds does this clip have in it?',
        "What's going on in this audio?",
        'Give the name of what you just heard.',
        'What did the microphone pick up?',
        'What would you call this sound?',
        'I hear something, what is it?',
      ],
    }),
  },
  plan: (events) => {
    const sounds = collapsed(heard(events))
    return { form: 'name', answer: sentence((sounds.length > 0 ? sounds : events).map(answerPhrase)) }
  },
}
