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
        '(Choose|Pick|Select|Take|Decide on) (the|one) (option|answer|sound|one) (that|which) (fits|is right|is true|you hear|is in the audio|matches): {list}.',
        '(Choose|Pick|Select) (between|from|among) (these|the options|the following): {list}.',
        '(Which|What) (option|answer|sound|one) (matches|fits|is true|is right|is correct|can be heard): {list}?',
        'There are (options|these answers|some options|a few choices): {list}. (Which|What) (is it|is right|do you hear|is correct|fits)?',
        '(Only one|One|Just one) of these is (right|true|correct|there|to be heard): {list}. Which( one|)?',
        'I (do not know|am unsure|wonder|cannot decide|cannot tell) (whether|if) (it is|this is|that was|I heard) {list}(.|, which is right?|, what is it?|. Decide.)',
        'Am I hearing {list}?',
        '(Did|Do) (I|we|you) (hear|notice) {list}, (which|what is it|which one|what is right)?',
        '{list}, (which|what|which one) (is it|is right|do you hear|can be heard|is true)?',
        'The (options|choices|answers) are {list}.',
        '(Was|Is) it {list} that (I hear|you hear|was recorded|can be heard)?',
        'Match the (audio|sound|recording) to one: {list}.',
        'Can (you|one) hear {list} (here|in it|in this)?',
        'Which (can be heard|sounds here|is in it|is there), {list}?',
        'Make a choice: {list}.',
        'Decide: {list}?',
      ],
      heldOut: [
        'Choose the option that matches the audio: {list}.',
        'There are these options: {list}. Which is true?',
        'One of these can be heard, which one? {list}.',
        'I am not sure whether I hear {list}, what is right?',
        'Decide between {list}.',
        'Pick the right answer: {list}.',
        'Please tell me whether I am hearing {list}.',
        'It must be one of these, so choose: {list}.',
        "I can't decide if this is {list}, so please decide for me.",
        'What did they record, {list}?',
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
