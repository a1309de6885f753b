import type { Random } from '../../random.js'
import type { SceneEvent } from '../scenes/scene.js'
import { capitalize } from './wording.js'

/** How people speak of a label: in answers always the same way, in questions in several. */
interface Phrases {
  /** Contains the label itself. */
  readonly answer: string
  /** After "do you hear …": with "a", "an" or nothing. */
  readonly heard: readonly string[]
  /** After "is … louder?": with "the". Made from `heard` when absent. */
  readonly known?: readonly string[]
}

const table: Readonly<Record<string, Phrases>> = {
  'baby cry': {
    answer: 'a baby cry',
    heard: ['a baby', 'a crying baby', 'a baby crying', 'a baby cry'],
  },
  chainsaw: { answer: 'a chainsaw', heard: ['a chainsaw', 'a running chainsaw', 'a saw'] },
  'clock tick': {
    answer: 'a clock tick',
    heard: ['a clock', 'a ticking clock', 'a clock ticking', 'a clock tick'],
  },
  'dog bark': { answer: 'a dog bark', heard: ['a dog', 'a dog barking', 'a barking dog', 'a dog bark'] },
  'fire crackling': {
    answer: 'fire crackling',
    heard: ['a fire', 'a crackling fire', 'fire crackling', 'a fire burning'],
  },
  helicopter: {
    answer: 'a helicopter',
    heard: ['a helicopter', 'a helicopter flying', 'a flying helicopter'],
  },
  'person sneeze': {
    answer: 'a person sneeze',
    heard: ['a sneeze', 'a person sneezing', 'a sneezing person', 'somebody sneezing', 'a person sneeze'],
    known: ['the sneeze', 'the person sneezing', 'the sneezing person', 'the person sneeze'],
  },
  rain: { answer: 'rain', heard: ['rain', 'falling rain', 'rain falling'] },
  rooster: { answer: 'a rooster', heard: ['a rooster', 'a rooster crowing', 'a crowing rooster'] },
  'sea waves': {
    answer: 'sea waves',
    heard: ['waves', 'sea waves', 'ocean waves', 'waves at the sea'],
    known: ['the waves', 'the sea waves', 'the sea', 'the ocean'],
  },
  'hand clap': {
    answer: 'a hand clap',
    heard: ['a clap', 'clapping', 'a hand clap', 'clapping hands'],
    known: ['the clap', 'the clapping', 'the hand clap'],
  },
  'kick drum': { answer: 'a kick drum', heard: ['a kick drum', 'a bass drum', 'a kick'] },
  'snare drum': { answer: 'a snare drum', heard: ['a snare drum', 'a snare'] },
  'side stick': { answer: 'a side stick', heard: ['a side stick', 'a side stick hit'] },
  tom: { answer: 'a tom', heard: ['a tom', 'a tom drum'] },
  'closed hi-hat': { answer: 'a closed hi-hat', heard: ['a closed hi-hat'] },
  'pedal hi-hat': { answer: 'a pedal hi-hat', heard: ['a pedal hi-hat'] },
  'open hi-hat': { answer: 'an open hi-hat', heard: ['an open hi-hat'] },
  cowbell: { answer: 'a cowbell', heard: ['a cowbell', 'a cowbell hit'] },
  'ride cymbal': { answer: 'a ride cymbal', heard: ['a ride cymbal', 'a ride'] },
  'crash cymbal': { answer: 'a crash cymbal', heard: ['a crash cymbal', 'a crash'] },
  tambourine: { answer: 'a tambourine', heard: ['a tambourine'] },
}

/** A label and what it is a recording of: what an event or a word of the vocabulary has in common. */
export type Named = Pick<SceneEvent, 'label' | 'kind'>

/** The one way an answer names this: "a dog bark", "someone says three", "silence". */
export const answerPhrase = (named: Named): string => phrases(named).answer

/** Some way to name this after "do you hear": "a dog", "a barking dog". */
export const heardPhrase = (named: Named, random: Random): string => random.pick(phrases(named).heard)

/** Some way to name this after "how loud is": "the dog", "the barking dog". */
export function knownPhrase(named: Named, random: Random): string {
  const { heard, known } = phrases(named)
  return random.pick(known ?? heard.map(definite))
}

/** Phrases as a sentence: `['rain', 'a tom']` is "Rain, then a tom." with `join` ", then ". */
export const sentence = (parts: readonly string[], join = ', then '): string =>
  `${capitalize(parts.join(join))}.`

/** "is" or "are", as the phrase wants it. */
export const verbFor = (phrase: string): string => (isPlural(phrase) ? 'are' : 'is')

function phrases({ label, kind }: Named): Phrases {
  if (kind === 'digit') return digitPhrases(label)
  if (kind === 'background') return { answer: label, heard: [label] }
  return Object.hasOwn(table, label) ? (table[label] as Phrases) : unknownPhrases(label)
}

function digitPhrases(word: string): Phrases {
  return {
    answer: `someone says ${word}`,
    heard: [`someone saying ${word}`, `a voice saying ${word}`, `the word ${word}`, `the number ${word}`],
    known: [`the word ${word}`, `the number ${word}`, `the voice saying ${word}`],
  }
}

/** A user's own class: "a" or "an" unless it is a plural ("wind chimes"), a doing ("glass breaking") or a stuff ("running water"). */
function unknownPhrases(label: string): Phrases {
  const bare = isPlural(label) || /ing$/i.test(label) || STUFF.test(label)
  const article = /^[aeiou]/i.test(label) ? 'an' : 'a'
  const phrase = bare || /^(a|an|the|some) /i.test(label) ? label : `${article} ${label}`
  return { answer: phrase, heard: [phrase] }
}

/** What there is more or less of, not one or two. */
const STUFF =
  /\b(applause|chatter|fire|gunfire|laughter|music|noise|rain|silence|speech|steam|thunder|traffic|water|wind)$/i

const definite = (phrase: string): string => `the ${phrase.replace(/^(a|an|the|some) /i, '')}`

function isPlural(phrase: string): boolean {
  if (/^(a|an) /i.test(phrase)) return false
  return /(waves|hands)\b/i.test(phrase) || /[^sui]s$/i.test(phrase)
}
