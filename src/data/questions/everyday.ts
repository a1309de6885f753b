import type { Random } from '../../random.js'

/**
 * Everyday variation of a training question: other words for the same thing, something said before or after it, a
 * small word left out. A language model that is trained from scratch knows no word that it has not met, so what
 * it meets must be as varied as what people write. Slots such as `{a}` are left alone.
 */
export function everyday(wording: string, random: Random): string {
  const words = wording.split(' ').flatMap((word) => {
    if (word.includes('{')) return [word]
    const [, core, mark] = /^(.*?)([.,:?!]*)$/.exec(word) as unknown as [string, string, string]
    const lower = core.toLowerCase()
    if (mark === '' && DROPPED.has(lower) && random.chance(0.06)) return []
    const others = SYNONYMS.get(lower)
    return others && random.chance(0.4) ? [random.pick(others) + mark] : [word]
  })
  const opener = random.chance(0.3) ? `${random.pick(OPENERS)} ` : ''
  const asked = opener === '' || /[.!?] $/.test(opener) ? words.join(' ') : lowerFirst(words.join(' '))
  return opener + (random.chance(0.15) ? withCloser(asked, random.pick(CLOSERS)) : asked)
}

/** "What is it?" → "What is it, please?" */
function withCloser(wording: string, closer: string): string {
  const end = /[.?!]*$/.exec(wording)?.[0] ?? ''
  return `${wording.slice(0, wording.length - end.length)}${closer}${end}`
}

/**
 * The wording with one word mistyped: two letters swapped, one left out or one doubled. Slots are left alone. A word
 * that the model has never met looks like this to it, and is not to throw it off.
 */
export function mistyped(wording: string, random: Random): string {
  const words = wording.split(' ')
  const long = [...words.keys()].filter((i) => /^[a-z]{4,}[.,:?!]*$/i.test(words[i] as string))
  if (long.length === 0) return wording
  const at = random.pick(long)
  const word = words[at] as string
  const letter = 1 + random.integer(word.replace(/[^a-z]+$/i, '').length - 2)
  const [before, here, next, after] = [
    word.slice(0, letter),
    word.charAt(letter),
    word.charAt(letter + 1),
    word.slice(letter + 2),
  ]
  words[at] = before + random.pick([next + here, next, here + here + next]) + after
  return words.join(' ')
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

const DROPPED = new Set(['the', 'this', 'that', 'do', 'does', 'is', 'you', 'in', 'there', 'of'])

/** Each row holds words that may stand for one another in any of the questions. */
const SYNONYM_ROWS: readonly (readonly string[])[] = [
  [
    'recording',
    'clip',
    'audio',
    'file',
    'track',
    'sample',
    'snippet',
    'segment',
    'take',
    'soundtrack',
    'excerpt',
    'sound file',
    'audio clip',
    'piece of audio',
    'tape',
  ],
  ['hear', 'notice', 'recognize', 'make out', 'detect', 'perceive', 'catch', 'pick up', 'spot', 'find'],
  ['sound', 'noise', 'thing', 'event'],
  ['sounds', 'noises', 'things', 'events', 'different sounds'],
  ['number', 'digit', 'numeral', 'figure', 'value'],
  ['spoken', 'said', 'uttered', 'pronounced', 'read out', 'called out', 'announced'],
  ['describe', 'summarize', 'explain', 'outline', 'sum up'],
  ['tell', 'inform', 'show', 'let'],
  ['name', 'identify', 'recognize', 'state', 'label', 'specify', 'write down', 'give'],
  ['say', 'state', 'write', 'report', 'answer', 'note'],
  ['drum', 'percussion instrument', 'drum piece', 'instrument', 'percussion'],
  ['hit', 'struck', 'played', 'beaten', 'tapped'],
  ['person', 'speaker', 'voice', 'man', 'human', 'somebody', 'someone'],
  ['louder', 'stronger', 'more intense', 'the more powerful', 'higher in volume'],
  ['quieter', 'softer', 'weaker', 'fainter', 'lower in volume'],
  ['first', 'earliest', 'at first', 'initially'],
  ['last', 'latest', 'finally', 'final'],
  ['after', 'following', 'behind', 'past'],
  ['before', 'ahead of', 'prior to'],
  ['comes', 'occurs', 'appears', 'happens', 'arrives', 'shows up', 'is heard', 'follows on'],
  ['happens', 'goes on', 'takes place', 'is going on', 'occurs'],
  ['order', 'sequence', 'succession', 'timeline'],
  ['times', 'occasions', 'instances'],
  ['count', 'number', 'tally', 'add up'],
  ['choose', 'select', 'decide', 'pick', 'take'],
  ['right', 'correct', 'true', 'matching', 'fitting'],
  ['caption', 'title', 'description', 'summary', 'short description', 'line of text'],
  ['kind', 'type', 'sort'],
  ['start', 'beginning', 'opening', 'outset'],
  ['start', 'begin', 'open', 'kick off'],
  ['end', 'finish', 'close', 'conclude'],
  ['can', 'could', 'would', 'might'],
  ['which', 'what'],
  ['this', 'that', 'the'],
  ['listening', 'hearing', 'attending'],
  ['playing', 'sounding', 'going on', 'running'],
  ['please', 'kindly'],
]

const SYNONYMS: ReadonlyMap<string, readonly string[]> = (() => {
  const found = new Map<string, string[]>()
  for (const row of SYNONYM_ROWS) {
    const [head] = row as readonly [string, ...string[]]
    found.set(head, [...(found.get(head) ?? []), ...row])
  }
  return found
})()

const OPENERS = [
  'Please',
  'Hey,',
  'Hi,',
  'Hello!',
  'OK,',
  'Okay,',
  'So,',
  'Well,',
  'Now,',
  'Hm,',
  'And',
  'Listen closely.',
  'Listen.',
  'Listen carefully:',
  'Listen to the audio.',
  'Listen to this.',
  'Take a listen.',
  'Have a listen:',
  'Quick question:',
  'Question:',
  'One question:',
  'I have a question.',
  'I wonder,',
  "I'm wondering,",
  'Just curious:',
  'Help me out:',
  'Could you help me?',
  'I need your help.',
  'Pay attention to the audio.',
  'Based on the audio,',
  'Based on what you hear,',
  'From the recording,',
  'Judging by the sound,',
  'In your opinion,',
  'According to the audio,',
  'Given this recording,',
  'For this clip,',
  'In this file,',
  'With your ears:',
  'Use your ears.',
  'Think about it:',
  'Be honest,',
  'Short answer:',
  'In short,',
  'Briefly,',
  'Answer this:',
  'Answer the question:',
  'Here is a recording.',
  "Here's a sound.",
  'There is some audio.',
  'I recorded this.',
  'My microphone recorded this.',
  "I can't tell,",
  "I'm not sure,",
  "I don't know:",
  'You heard it,',
  'My friend asks,',
  'Everyone wants to know,',
  'It is about the audio:',
  'Concerning this sound,',
  'About this recording:',
  'Again,',
  'One more time:',
  'Next,',
  'Also,',
  'Then',
  'But',
  'Say,',
  'Try it:',
] as const

const CLOSERS = [
  ', please',
  ' please',
  ', thanks',
  ', thank you',
  ' for me',
  ' for us',
  ' right now',
  ' exactly',
  ' here',
  ' in there',
  ' in it',
  ' at all',
  ', in your opinion',
  ', do you think',
  ', would you say',
  ' if you can',
  ', if any',
  ' in a few words',
  ' in one word',
  ' in short',
  ', anyone',
  ', my friend',
  ', computer',
  ' today',
  ' this time',
  ' again',
  ', roughly',
  ', really',
  ' as well',
  ' on this tape',
  ' from the audio',
] as const
