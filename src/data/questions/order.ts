import type { Random } from '../../random.js'
import type { SceneEvent } from '../scene.js'
import { answerPhrase, knownPhrase, sentence } from './labels.js'
import type { Plan, QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { wordings } from './wording.js'

/** What comes when? Only where every label occurs once and there are at least two. */
export const order: QuestionKind = {
  task: 'order',
  forms: {
    firstOfTwo: wordings({
      train: [
        '(Which|What) (comes|is|do you hear|starts) first, {a} or {b}?',
        'Which one (comes|is) first: {a} or {b}?',
        'Is {a} or {b} first?',
        'Do you hear {a} or {b} first?',
        'Which is earlier, {a} or {b}?',
        'Which of the two comes first, {a} or {b}?',
        'Who is first, {a} or {b}?',
        'Of {a} and {b}, which is first?',
        'Between {a} and {b}, what comes first?',
        '{a} or {b}: which is first?',
        'What was earlier: {a} or {b}?',
        'Does {a} or {b} come first?',
        'Which one starts, {a} or {b}?',
        'Which opens it, {a} or {b}?',
      ],
      heldOut: ['Which begins sooner, {a} or {b}?', 'Of {a} and {b}, which opens the recording?'],
    }),
    lastOfTwo: wordings({
      train: [
        '(Which|What) (comes|is|do you hear|starts) last, {a} or {b}?',
        'Which one (comes|is) later: {a} or {b}?',
        'Which is later, {a} or {b}?',
        'Of {a} and {b}, which is last?',
        'Between {a} and {b}, what comes last?',
        '{a} or {b}: which is last?',
        'Does {a} or {b} come last?',
        'Which one ends it, {a} or {b}?',
      ],
      heldOut: ['Which starts after the other one, {a} or {b}?'],
    }),
    first: wordings({
      train: [
        'What (is|was) the first sound?',
        'What do you hear first?',
        '(What|Which sound) comes first?',
        'What (is|happens) at the (start|beginning)?',
        'Which sound is first?',
        'How does it (start|begin)?',
        'Name the first sound.',
        'Tell me the first sound.',
        'What opens (it|this)?',
        'What (is|do you hear) at first?',
        'With what does it start?',
        'What begins the recording?',
        'What is heard first of all?',
        'Which sound starts (it|the recording)?',
        'What kicks it off?',
        'The first sound is what?',
      ],
      heldOut: ['What opens the recording?', 'Before everything else, what can be heard?'],
    }),
    last: wordings({
      train: [
        'What (is|was) the last sound?',
        'What do you hear last?',
        '(What|Which sound) comes last?',
        'What (is|happens) at the end?',
        'Which sound is last?',
        'How does it end?',
        'Name the last sound.',
        'Tell me the last sound.',
        'What closes (it|this)?',
        'What (is|do you hear) at last?',
        'With what does it end?',
        'What ends the recording?',
        'What is heard last of all?',
        'Which sound ends (it|the recording)?',
        'The last sound is what?',
        'What is the final sound?',
      ],
      heldOut: ['What closes the recording?', 'When all else is over, what remains to be heard?'],
    }),
    after: wordings({
      train: [
        'What (happens|comes|do you hear|is) (right |)after {a}?',
        'Which sound (comes|is) after {a}?',
        'What follows {a}?',
        'After {a}, what (comes|do you hear) next?',
        'What (is|comes) next after {a}?',
        'What succeeds {a}?',
        'When {a} ends, what comes?',
        'What do you hear once {a} is over?',
        '{a}, and then what?',
        'Which sound follows {a}?',
        'What replaces {a}?',
        'Following {a}, what is there?',
      ],
      heldOut: ['Once {a} is over, what is next?', 'What sound takes over from {a}?'],
    }),
    before: wordings({
      train: [
        'What (happens|comes|do you hear|is) (right |)before {a}?',
        'Which sound (comes|is) before {a}?',
        'What leads up to {a}?',
        'What precedes {a}?',
        'Which sound precedes {a}?',
        'What did you hear just before {a}?',
        'What was there before {a}?',
        '{a} follows what?',
      ],
      heldOut: ['What sound gives way to {a}?'],
    }),
    all: wordings({
      train: [
        'In (what|which) order (do|can) you hear (the sounds|them)?',
        'In what order do the sounds come?',
        'What is the order of the sounds?',
        '(Name|List|Tell me|Give me) the sounds in order.',
        'What comes first and what comes (next|then|after that)?',
        'List what you hear in order.',
        'Put the sounds in order.',
        'What is the sequence of sounds?',
        'Give the sequence of what you hear.',
        'Order the sounds in time.',
        'What happens, one after the other?',
        'Tell me what comes when.',
        'What is the timeline?',
        'Walk me through the sounds.',
        'Arrange the sounds by time.',
        'Which sounds come one after another?',
        'First what, then what?',
      ],
      heldOut: ['Go through the sounds from start to end.', 'How do the sounds follow one another?'],
    }),
  },
  plan(events, random) {
    const sounds = heard(events)
    if (sounds.length < 2 || distinct(sounds).length < sounds.length) return undefined
    return random.pick(plans)(sounds, random)
  },
}

const one = (event: SceneEvent) => sentence([answerPhrase(event)])

const plans: readonly ((sounds: readonly SceneEvent[], random: Random) => Plan)[] = [
  (sounds, random) => {
    const two = random.shuffle(sounds).slice(0, 2) as [SceneEvent, SceneEvent]
    const [early, late] = two[0].startSeconds < two[1].startSeconds ? two : [two[1], two[0]]
    const slots = { a: knownPhrase(two[0], random), b: knownPhrase(two[1], random) }
    return random.chance(0.6)
      ? { form: 'firstOfTwo', slots, answer: one(early) }
      : { form: 'lastOfTwo', slots, answer: one(late) }
  },
  (sounds) => ({ form: 'first', answer: one(sounds[0] as SceneEvent) }),
  (sounds) => ({ form: 'last', answer: one(sounds.at(-1) as SceneEvent) }),
  (sounds, random) => {
    const at = random.integer(sounds.length - 1)
    const slots = { a: knownPhrase(sounds[at] as SceneEvent, random) }
    return { form: 'after', slots, answer: one(sounds[at + 1] as SceneEvent) }
  },
  (sounds, random) => {
    const at = 1 + random.integer(sounds.length - 1)
    const slots = { a: knownPhrase(sounds[at] as SceneEvent, random) }
    return { form: 'before', slots, answer: one(sounds[at - 1] as SceneEvent) }
  },
  (sounds) => ({ form: 'all', answer: sentence([`first ${sounds.map(answerPhrase).join(', then ')}`]) }),
]
