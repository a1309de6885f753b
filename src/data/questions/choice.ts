import { answerPhrase, heardPhrase, type Named, sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { absentLabel, distinct, heard } from './timeline.js'
import { wordings } from './wording.js'

/** Which of two to four is it? Only where one label is heard. */
export const choice: QuestionKind = {
  task: 'choice',
  forms: {
    choice: wordings({
      train: [
        'Is (it|this|that) {list}?',
        'Which one is (it|this|that): {list}?',
        'Which (is it|of these is it|do you hear|of these do you hear|sound is it): {list}?',
        'What (do you hear|is it|is this|was that): {list}?',
        'Do you hear {list}?',
        'Choose one: {list}.',
        'Pick the right one: {list}.',
        'Pick one: {list}.',
        'Was that {list}?',
        'Would you say it is {list}?',
        'Does it sound like {list}?',
        'Tell me if this is {list}.',
        'Could this be {list}?',
        'Which fits best: {list}?',
        'What fits best: {list}?',
        'Which of the following is it: {list}?',
        'Which of the following do you hear: {list}?',
        'Select one: {list}.',
        'Here are some answers: {list}. Pick one.',
        'Possible answers are {list}. Which is it?',
        'Your options: {list}. Which one?',
        '{list}: which is it?',
        '{list}?',
        'Is it more like {list}?',
        'Is the sound {list}?',
        'Which option is correct: {list}?',
        'Out of {list}, what do you hear?',
        'Among {list}, which is it?',
        'Is what you hear {list}?',
        'Do you think it is {list}?',
        'Tell me which one it is: {list}.',
        'What best describes it: {list}?',
        'Is this sound {list}?',
        'Which of these sounds is in the audio: {list}?',
      ],
      heldOut: [
        'Choose the option that matches the audio: {list}.',
        'There are these options: {list}. Which is true?',
        'One of these can be heard, which one? {list}.',
        'I am not sure whether I hear {list}, what is right?',
        'Decide between {list}.',
      ],
    }),
  },
  plan(events, random, vocabulary) {
    const [right, ...others] = distinct(heard(events))
    if (!right || others.length > 0) return undefined
    const options: Named[] = [right]
    for (let more = 1 + random.integer(3); more > 0; more--) {
      const wrong = absentLabel([right], random, vocabulary, options)
      if (wrong) options.push(wrong)
    }
    if (options.length < 2) return undefined
    const words = random.shuffle(options).map((option) => heardPhrase(option, random))
    const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
    return { form: 'choice', slots: { list }, answer: sentence([answerPhrase(right)]) }
  },
}
