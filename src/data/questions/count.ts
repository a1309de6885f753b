import { digitWords } from '../clip-label.js'
import { knownPhrase } from './labels.js'
import type { QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { capitalize, wordings } from './wording.js'

export const numberWords = [...digitWords, 'ten'] as const

/** How many? Only of digits and drum hits: one recording of a dog has any number of barks. */
export const count: QuestionKind = {
  task: 'count',
  forms: {
    all: wordings({
      train: [
        'How many sounds (do|can) you hear?',
        'How many sounds are (there|in this|in the recording|in this clip)?',
        'Count the sounds(, please|).',
        'How many are there?',
        'How many separate sounds are there?',
        'How many sounds (come|are played)?',
        'Tell me how many sounds (there are|you hear).',
        'What is the number of sounds?',
        'How many (noises|events|different sounds) are there?',
        'What is the (total|amount|quantity) of sounds?',
        'Count all sounds.',
        'How many do you hear?',
        'How many did you count?',
        'Total number of sounds?',
        'The number of sounds, please.',
        'How many sound events does it have?',
        'Give me the number of sounds.',
        '(What|Tell me|Give me|Say) (is |)the (count|total|number|total number|sum|amount) of (sounds|noises|events|all sounds)(, please|).',
        'How (many|much) (is there|are there|is in it|do you get|did you get|did you notice) (in total|all in all|altogether|overall)?',
        'How many (sounds|noises|events|things) (are there|do you hear|come|happen|occur|do you get) (in total|all in all|altogether|overall|here|in the audio)?',
        'In total, how many (sounds|noises|events) (are there|do you hear|can be heard)?',
        '(Count|Add up|Number) (every|each) (sound|noise|event)( there is| you hear|).',
        '(Count|Add up) (everything|all of them|all|them|it all)( you hear|).',
        'If (one|I|we) count (all|them|everything|the sounds), what (is it|is the result|comes out|is the number)?',
        'What do (I|you|we) get (by counting|counting|when counting|if we count) (the sounds|all sounds|them|everything)?',
        'What (number|count) of (sounds|noises|events) (is there|do you hear|is in the clip|can be heard)?',
        '(The|A) (total|count|amount|sum) of (the |)sounds?',
        'How many can be heard?',
        'How many sounds can (I|one|you) count?',
        'What is the sound count?',
        'How large is the number of sounds?',
      ],
      heldOut: [
        'What is the total count of sounds here?',
        'If you count every sound, what do you get?',
        'Give me the amount of sounds in the clip.',
        'Count the sounds in this recording.',
        'Please tell me how many different things can be heard in total.',
        "I'd like to know how many sounds were recorded.",
        'Is it one sound, two, three or more?',
        'Give me the number of sounds in the clip.',
        'How many sounds did you hear altogether?',
      ],
    }),
    label: wordings({
      train: [
        'How many times (do|can|did) you hear {a}?',
        'How many times is {a} (there|heard|in the recording)?',
        'How many times (does|did) {a} (occur|sound)?',
        'How often (do|can|did) you hear {a}?',
        'How often is {a} (there|heard)?',
        'Count how often you hear {a}.',
        'Tell me how often you hear {a}.',
        'Tell me how many times you hear {a}.',
        'How many of {a} are there?',
        'Count {a}.',
        'Count the occurrences of {a}.',
        'What is the number of times you hear {a}?',
        '{a}: how many times?',
        'How many times was {a} played or said?',
        'The count of {a}, please.',
        'Number of times you hear {a}?',
        '(What|Tell me|Give me|Say) (is |)the (count|total|number|total number|amount) of {a}(, please|).',
        'How (many times|often) (is|was|can) {a} (heard|played|said|there|be heard)( in total| altogether| overall|)?',
        'In total, how (many times|often) (do you hear|is there|is it) {a}?',
        '(Count|Add up|Number) (every|each|only) {a}.',
        'If (one|I|we) count {a} only, what (is it|is the result|comes out|is the number)?',
        'What do (I|you|we) get (by counting|counting|when counting) (only |just |){a}?',
        'What number of times (do you hear|can you hear|is it|was it) {a}?',
        'On how many occasions (is there|do you hear) {a}?',
        'How (many times|often) does {a} (come|come up|appear|happen|repeat)?',
        '{a}, how (many times|often|many)?',
        'Only {a}: how (many|often|many times)?',
        'Say how (often|many times) {a} (is heard|is there|comes|sounds).',
        'For {a}, what is the (count|number|total)?',
        'Times you hear {a}?',
      ],
      heldOut: [
        'What number of times is {a} to be heard?',
        'If you count only {a}, what do you get?',
        'Say the count for {a}.',
        'Count how often {a} can be heard.',
        'Please tell me the number of times one can hear {a}.',
        'How often did you notice {a} in this clip?',
        'I want to know how many times I can hear {a}.',
        'Did you hear {a} once, twice or more often?',
        'In the whole recording, how many times do we get {a}?',
        'Give me a count for {a}.',
      ],
    }),
  },
  plan(events, random) {
    const sounds = heard(events)
    const countable = sounds.filter(({ kind }) => kind !== 'sound')
    if (countable.length === 0) return undefined
    if (countable.length === sounds.length && random.chance(0.5)) {
      return { form: 'all', answer: numberSentence(sounds.length) }
    }
    const asked = random.pick(distinct(countable))
    const times = countable.filter(({ label }) => label === asked.label).length
    return { form: 'label', slots: { a: knownPhrase(asked, random) }, answer: numberSentence(times) }
  },
  // Mostly where there is something to count; without this most answers would be "One."
  relevance(events) {
    const countable = heard(events).filter(({ kind }) => kind !== 'sound')
    return distinct(countable).length < countable.length ? 1 : 0.2
  },
}

const numberSentence = (value: number) => `${capitalize(numberWords[value] ?? String(value))}.`
