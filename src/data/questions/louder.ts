import { answerPhrase, knownPhrase, sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { heard, unique } from './timeline.js'
import { wordings } from './wording.js'

/** Below this difference people disagree, so it is not asked. */
export const leastDifferenceDb = 6

/** Which of two is louder, or quieter? */
export const louder: QuestionKind = {
  task: 'louder',
  forms: {
    louder: wordings({
      train: [
        '(Which|What) (is|was|sounds) louder, {a} or {b}?',
        'Which (one|sound|of the two) is louder: {a} or {b}?',
        'Is {a} or {b} louder?',
        'Which (one |)is the louder sound, {a} or {b}?',
        'Which do you hear louder, {a} or {b}?',
        'Tell me which is louder, {a} or {b}.',
        'Which is the louder one, {a} or {b}?',
        'What is the loudest, {a} or {b}?',
        'Which has more volume, {a} or {b}?',
        'Of {a} and {b}, which is louder?',
        'Between {a} and {b}, which is louder?',
        '{a} or {b}: which is louder?',
        'Which makes more noise, {a} or {b}?',
        'Compare the volume of {a} and {b}.',
        '(Which|What) (is|was|sounds) (stronger|more intense|more powerful|the loudest|at a higher volume), {a} or {b}?',
        'Is {a} louder than {b}, or is {b}?',
        '(Compare|Comparing) {a} (and|with) {b}: (which|what) is (louder|the louder one|more intense)?',
        'Which has (the greater|the bigger|a higher) (volume|level|intensity), {a} or {b}?',
        '{a} and {b}: which (is louder|is stronger|has more volume|is at a higher level)?',
        'What can be heard more loudly, {a} or {b}?',
      ],
      heldOut: [
        'Which has the higher volume, {a} or {b}?',
        'Compare {a} and {b}: which is stronger?',
        'Between {a} and {b}, which makes more noise?',
        'Between {a} and {b}, what has the higher volume?',
        'Tell me which one is louder: {a} or {b}.',
        'Does {a} or {b} make more noise here?',
        'Of these two, {a} and {b}, please name the louder one.',
        'What sounds stronger and louder to you, {a} or {b}?',
        'I want to know whether {a} or {b} was the loudest.',
        'Compare {a} with {b} and say which has more volume.',
      ],
    }),
    quieter: wordings({
      train: [
        '(Which|What) (is|was|sounds) quieter, {a} or {b}?',
        'Which (one|sound|of the two) is quieter: {a} or {b}?',
        'Is {a} or {b} quieter?',
        'Which is softer, {a} or {b}?',
        'Tell me which is quieter, {a} or {b}.',
        'Which is the quieter one, {a} or {b}?',
        'Of {a} and {b}, which is quieter?',
        'Which has less volume, {a} or {b}?',
        '{a} or {b}: which is quieter?',
        'What is more silent, {a} or {b}?',
        '(Which|What) (is|was|sounds) (weaker|fainter|less loud|softer|at a lower volume), {a} or {b}?',
        'Is {a} quieter than {b}, or is {b}?',
        '(Compare|Comparing) {a} (and|with) {b}: (which|what) is (quieter|the quieter one|fainter)?',
        'Which has (the smaller|the lesser|a lower) (volume|level|intensity), {a} or {b}?',
        '{a} and {b}: which (is quieter|is softer|is weaker|is at a lower level)?',
        'Which one is (less loud|more quiet), {a} or {b}?',
      ],
      heldOut: [
        'Which has the lower volume, {a} or {b}?',
        'Between {a} and {b}, which is fainter?',
        'Between {a} and {b}, what has the lower volume?',
        'Tell me which one is softer: {a} or {b}.',
        'Does {a} or {b} make less noise here?',
        'Of these two, {a} and {b}, please name the quieter one.',
        'What sounds less loud to you, {a} or {b}?',
        'I want to know whether {a} or {b} was the quietest.',
        'Compare {a} with {b} and say which has less volume.',
      ],
    }),
  },
  plan(events, random) {
    const sounds = random.shuffle(unique(heard(events)))
    for (const [i, a] of sounds.entries()) {
      const b = sounds.slice(i + 1).find((other) => Math.abs(other.levelDb - a.levelDb) >= leastDifferenceDb)
      if (!b) continue
      const form = random.chance(0.7) ? 'louder' : 'quieter'
      const right = a.levelDb > b.levelDb === (form === 'louder') ? a : b
      const [x, y] = random.shuffle([a, b]) as [typeof a, typeof b]
      const slots = { a: knownPhrase(x, random), b: knownPhrase(y, random) }
      return { form, slots, answer: sentence([answerPhrase(right)]) }
    }
    return undefined
  },
}
