import { sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { wordings } from './wording.js'

export const noDigit = 'No digit is spoken.'

/** Which digit is spoken? The digits in time, or that there is none. */
export const digit: QuestionKind = {
  task: 'digit',
  forms: {
    digit: wordings({
      train: [
        'Which (digit|number) (is spoken|is said|do you hear|do they say|does the voice say|is it)?',
        'What (digit|number) (is spoken|is said|do you hear|do they say|does the voice say|is it)?',
        'What number did (they|the person) say?',
        '(Name|Tell me) the (digit|number).',
        'Tell me which (digit|number) (is spoken|you hear).',
        'Can you tell me the (digit|number)?',
        'What is the (digit|number)?',
        'Say the (digit|number) (you hear|that is spoken).',
        'Which number was that?',
        'What did (he|she|they|the man|the woman|the speaker) say?',
        'Which (numeral|figure) is it?',
        'What is the spoken (digit|number)?',
        'Which word for a number is spoken?',
        'Recognize the (digit|number).',
        'Please give me the number.',
        'Transcribe the (digit|number).',
        'Which number is being said?',
        'What number is being spoken?',
        'A number is spoken, which?',
        'Someone says a (digit|number), which one is it?',
        'Which of the ten digits is this?',
        'What count is that?',
        'Read me the number.',
        'Type the digit.',
        'Repeat the (digit|number).',
        'What digit did you just hear?',
        'Which number between zero and nine do you hear?',
        'Is a number spoken, and which?',
        'What was the (digit|number)?',
        'What is the voice saying, which number?',
        '(Somebody|Someone|A voice|A person|A speaker|He|She) (says|reads|speaks|reads aloud|utters) a (digit|number|figure|numeral)(, which one is it|. Which|: which one was it|. What is it|, what number)?',
        '(Write|Note|Put|Type) (down |)the (digit|number|numeral|figure)( you hear| in it| that was said| from the audio|).',
        '(What|Which) (digit|number|numeral|figure) (comes out|came out|is read out|is read|is uttered|was said|is in the recording|is in the clip|is pronounced)( of it| by the voice|)?',
        '(From|Of|Between|Out of) (zero|one) (to|and|through) (nine|ten), (which|what) (is it|do you hear|is said|number is it|digit is it)?',
        '(Give|Tell|Show) (me |)the (digit|number|numeral|figure)( that is spoken| you hear| that was said| in the clip|)(, please|).',
        '(What|Which) (was|is) the (spoken|said|uttered|read) (figure|numeral|number)?',
        'What does (the voice|the person|the speaker|somebody|someone|he|she) (read|say|read out|count|utter)?',
        'The (spoken |)(digit|number|numeral|figure)(?|, please.| is what?)',
        'What (digit|number) do (I|we) hear?',
        'Understand the (digit|number): which is it?',
        'Which number comes from the (speaker|voice|loudspeaker)?',
      ],
      heldOut: [
        'Somebody reads out a digit, which one?',
        'Write down the number in the recording.',
        'What numeral comes out of the speaker?',
        'From zero to nine, which was it?',
        'Give me the spoken figure.',
        'Which digit is being said?',
        'What number does the person say?',
        'Someone reads out a single digit, which one is it?',
        'Please write down the spoken number.',
        'I need to know which number from zero to nine was spoken.',
        'Zero, one, two, and so on up to nine: which did the speaker say?',
        'What digit did the voice pronounce?',
      ],
    }),
  },
  plan(events) {
    const digits = heard(events).filter((event) => event.kind === 'digit')
    const labels = distinct(digits).map((event) => event.label)
    if (labels.length > 1 && labels.length < digits.length) return undefined
    return { form: 'digit', answer: labels.length > 0 ? sentence(labels) : noDigit }
  },
  relevance: (events) => (events.some((event) => event.kind === 'digit') ? 1 : 0.15),
}
