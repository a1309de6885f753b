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
        'Which instrument of the drum kit (is it|was played|do you hear)?',
        'Which percussion instrument is (it|this|played)?',
        'Recognize the drum.',
        'What part of the kit is (this|it|that)?',
        'Which piece of the drum set do you hear?',
        'What did the drummer (hit|play|strike)?',
        'Classify the drum (sound|hit).',
        'A drum is played, which one?',
        'Label the drum.',
        'Please name the drum.',
        'Which drum or cymbal is it?',
        'What drum or cymbal do you hear?',
        'Which hit is that?',
        'What is being drummed?',
        'Which percussion do you hear?',
        '(A|The) (drummer|musician|player|percussionist) (hits|bangs|plays|beats) (something|a drum|a piece of the kit|one part)(, which one is it|. Which|: which one was it|. What is it)?',
        '(Tell me|Name|Give me|Identify) (which|what) (piece|part|drum|instrument) (of the kit |of the drum kit |)(sounds|is struck|was struck|is hit|it is|you hear|that was)( here|).',
        '(What|Which) (piece|part|element|instrument) of the (kit|drum kit|drum set|drums) (sounds|is struck|is hit|was it|is this|is played|is it)( here| now|)?',
        '(What|Which) percussion( instrument| sound|) (sounds|is hit|was it|is this|is beaten)( here|)?',
        '(Give|Tell|Say) (me |)the (name|kind|type) of (the |this |that )drum(, please|).',
        '(Do|Would) you (know|recognize|have an idea) (which|what) drum (it is|this is|is played|is struck)?',
        'What was (struck|hit|played|beaten) (here|by the drummer|there)?',
        'The drum( hit| sound|)(?|, please.| is what?)',
        'What (drum|cymbal) do (I|we) hear?',
        'Which drum is (in the recording|in the clip|that in the audio|heard|recorded)?',
        'In the drum kit, (what|which) is (this|it|that)?',
        'Struck drum, which is it?',
      ],
      heldOut: [
        'A drummer strikes something, what?',
        'Say which piece of the kit sounds here.',
        'What percussion instrument is struck?',
        'Give the name of the drum in this recording.',
        'Do you know what drum that was?',
        'Which drum is this?',
        'What part of the drum kit is being hit?',
        'Name the drum, please.',
        'Tell me which piece of the drum set was played.',
        "I'd like to know what kind of drum I just heard.",
        'The drummer strikes one thing here, so which part of the kit is it?',
        'Can you identify this drum?',
        'Which percussion piece from a drum kit makes this sound?',
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
