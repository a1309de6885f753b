import { digitWords } from '../clips/clip-label.js'
import { knownPhrase } from './labels.js'
import type { QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { capitalize } from './wording.js'
import { all } from './wordings/count-all.js'
import { label } from './wordings/count-label.js'

export const numberWords = [...digitWords, 'ten'] as const

/** How many? Only of digits and drum hits: one recording of a dog has any number of barks. */
export const count: QuestionKind = {
  task: 'count',
  forms: {
    all,
    label,
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
