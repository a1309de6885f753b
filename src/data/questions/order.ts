import type { Random } from '../../random.js'
import type { SceneEvent } from '../scenes/scene.js'
import { answerPhrase, knownPhrase, sentence } from './labels.js'
import type { Plan, QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { after } from './wordings/order-after.js'
import { all } from './wordings/order-all.js'
import { before } from './wordings/order-before.js'
import { first } from './wordings/order-first.js'
import { firstOfTwo } from './wordings/order-first-of-two.js'
import { last } from './wordings/order-last.js'
import { lastOfTwo } from './wordings/order-last-of-two.js'

/** What comes when? Only where every label occurs once and there are at least two. */
export const order: QuestionKind = {
  task: 'order',
  forms: {
    firstOfTwo,
    lastOfTwo,
    first,
    last,
    after,
    before,
    all,
  },
  plan(events, random) {
    const sounds = heard(events)
    if (sounds.length < 2 || distinct(sounds).length < sounds.length) return undefined
    const plan = random.pick(plans)(sounds, random)
    return { ...plan, takesEvidence: plan.form !== 'all' }
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
