import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import type { ClipKind } from '../clips/clip.js'
import type { SceneEvent } from '../scenes/scene.js'
import { askAbout, askSeveral, canBeAsked, questionKinds } from './index.js'
import { scoreAnswer } from './score.js'
import { type Task, tasks, type Vocabulary } from './task.js'

const vocabulary: Vocabulary = {
  sound: ['baby cry', 'dog bark', 'rain', 'rooster', 'sea waves', 'glass breaking'],
  digit: ['zero', 'one', 'two', 'three', 'nine'],
  drum: ['kick drum', 'open hi-hat', 'closed hi-hat', 'tom', 'hand clap'],
}

const named = (Object.keys(vocabulary) as ClipKind[]).flatMap((kind) =>
  vocabulary[kind].map((label) => ({ kind, label })),
)

/** One to four events, now and then one label several times, or nothing but noise. */
function drawEvents(random: Random): SceneEvent[] {
  if (random.chance(0.03)) {
    return [{ label: 'noise', kind: 'background', startSeconds: 0, endSeconds: 2, levelDb: -30 }]
  }
  const same = random.chance(0.2) ? random.pick(named.filter(({ kind }) => kind !== 'sound')) : undefined
  let time = 0
  return Array.from({ length: 1 + random.integer(4) }, () => {
    const start = time + random.uniform(-0.3, 0.5)
    time = Math.max(start, time) + 1
    const levelDb = random.uniform(-34, -14)
    return { ...(same ?? random.pick(named)), startSeconds: start, endSeconds: time, levelDb }
  })
}

const at = (label: string, kind: SceneEvent['kind'], start: number, levelDb = -20): SceneEvent => ({
  label,
  kind,
  startSeconds: start,
  endSeconds: start + 0.9,
  levelDb,
})

const answers = (events: SceneEvent[], task: Task, draws = 60) => {
  const random = new Random('answers', task)
  const ask = () => askAbout(events, random, { wordings: 'train', tasks: { [task]: 1 }, vocabulary }).answer
  return [...new Set(Array.from({ length: draws }, ask))].sort()
}

/** Matches every question that a held-out wording can become. */
const heldOut = questionKinds
  .flatMap(({ forms }) => Object.values(forms).flatMap((form) => form.heldOut))
  .map((wording) => wording.replaceAll(/[.?]/g, '').replaceAll(/\{\w+\}/g, '.+'))
  .map((pattern) => new RegExp(`^${pattern}$`, 'i'))
const isHeldOut = (question: string) =>
  heldOut.some((pattern) => pattern.test(question.replaceAll(/[.?]/g, '')))

test('held-out wordings never occur in training, in 10,000 draws, and always when asked for', () => {
  const random = new Random('wordings')
  const seen = new Set<Task>()
  for (let i = 0; i < 10_000; i++) {
    const { question, task } = askAbout(drawEvents(random), random, { wordings: 'train', vocabulary })
    seen.add(task)
    assert.ok(!isHeldOut(question), question)
  }
  assert.equal(seen.size, tasks.length)
  for (let i = 0; i < 1000; i++) {
    const { question } = askAbout(drawEvents(random), random, { wordings: 'held-out', vocabulary })
    assert.ok(isHeldOut(question), question)
  }
})

test('yes and no are as frequent, for every kind of sound that is heard', () => {
  for (const kind of ['sound', 'digit', 'drum'] as const) {
    const random = new Random('balance', kind)
    let yes = 0
    for (let i = 0; i < 10_000; i++) {
      const events = [at(random.pick(vocabulary[kind]), kind, 0)]
      if (
        askAbout(events, random, { wordings: 'train', tasks: { presence: 1 }, vocabulary }).answer === 'Yes.'
      )
        yes++
    }
    assert.ok(Math.abs(yes / 10_000 - 0.5) < 0.02, `${kind}: ${yes}`)
  }
})

test('every answer scores as right, and one that names another label as wrong', () => {
  const random = new Random('scores')
  for (let i = 0; i < 5000; i++) {
    const options = { wordings: 'train', vocabulary } as const
    const { task, answer } = askAbout(drawEvents(random), random, options)
    assert.ok(scoreAnswer(task, answer, { expected: answer, vocabulary }), `${task}: ${answer}`)
    const other = wrongAnswer(task, answer, random)
    assert.ok(!scoreAnswer(task, other, { expected: answer, vocabulary }), `${task}: ${other} for ${answer}`)
  }
})

/** The answer of the same task about one random label that the true answer does not have. */
function wrongAnswer(task: Task, answer: string, random: Random): string {
  if (task === 'presence') return answer === 'Yes.' ? 'No.' : 'Yes.'
  if (task === 'count') return answer === 'Two.' ? 'Three.' : 'Two.'
  const other = random.pick(named.filter(({ label }) => !answer.toLowerCase().includes(label)))
  return askAbout([at(other.label, other.kind, 0)], random, {
    wordings: 'train',
    tasks: { name: 1 },
    vocabulary,
  }).answer
}

test('answers are short and regular', () => {
  const dog = at('dog bark', 'sound', 0, -30)
  const rain = at('rain', 'sound', 1, -15)
  const three = at('three', 'digit', 2, -20)
  const noise = at('noise', 'background', 0)
  assert.deepEqual(answers([dog], 'name'), ['A dog bark.'])
  assert.deepEqual(answers([three], 'name'), ['Someone says three.'])
  assert.deepEqual(answers([dog, rain, three], 'name'), ['A dog bark, then rain, then someone says three.'])
  assert.deepEqual(answers([noise], 'name'), ['Noise.'])
  assert.deepEqual(answers([at('silence', 'background', 0)], 'caption'), ['Silence.'])
  assert.deepEqual(answers([noise], 'presence'), ['No.'])
  assert.deepEqual(answers([dog], 'choice'), ['A dog bark.'])
  assert.deepEqual(answers([dog, three], 'digit'), ['Three.'])
  assert.deepEqual(answers([dog], 'digit'), ['No digit is spoken.'])
  assert.deepEqual(answers([at('open hi-hat', 'drum', 0)], 'drum'), ['An open hi-hat.'])
  assert.deepEqual(answers([dog], 'drum'), ['No drum is played.'])
  assert.deepEqual(answers([three, at('three', 'digit', 4)], 'count'), ['Two.'])
  assert.deepEqual(answers([dog, three], 'count'), ['One.'])
  assert.deepEqual(answers([dog, rain], 'louder'), ['A dog bark.', 'Rain.'])
  assert.deepEqual(answers([dog, rain], 'order'), ['A dog bark.', 'First a dog bark, then rain.', 'Rain.'])
  assert.deepEqual(answers([dog, { ...rain, startSeconds: 0.5 }, three], 'caption'), [
    'A dog bark and rain, then someone says three.',
  ])
})

test('the louder of two is the louder of two', () => {
  const random = new Random('louder')
  const events = [at('rain', 'sound', 0, -30), at('tom', 'drum', 1, -20)]
  for (let i = 0; i < 200; i++) {
    const options = { wordings: i % 2 ? 'train' : 'held-out', tasks: { louder: 1 }, vocabulary } as const
    const { question, answer, form } = askAbout(events, random, options)
    assert.equal(answer, form === 'quieter' ? 'Rain.' : 'A tom.', question)
  }
})

test('what comes first, last, before and after', () => {
  const random = new Random('order')
  const events = [at('rain', 'sound', 0), at('tom', 'drum', 1), at('nine', 'digit', 2)]
  for (let i = 0; i < 500; i++) {
    const { question, answer } = askAbout(events, random, {
      wordings: 'train',
      tasks: { order: 1 },
      vocabulary,
    })
    if (/(after|follows) the tom[.?]$/i.test(question)) assert.equal(answer, 'Someone says nine.', question)
    if (/(before|precedes) the tom[.?]$/i.test(question)) assert.equal(answer, 'Rain.', question)
    if (/the first sound[.?]$/i.test(question)) assert.equal(answer, 'Rain.', question)
    if (/the last sound[.?]$/i.test(question)) assert.equal(answer, 'Someone says nine.', question)
  }
})

test('with evidence, answers about presence and order begin with all that is heard, others stay as they are', () => {
  const events = [at('dog bark', 'sound', 0), at('rain', 'sound', 1)]
  const ask = (task: Task, evidence: boolean) =>
    askAbout(events, new Random('evidence'), {
      wordings: 'train',
      tasks: { [task]: 1 },
      vocabulary,
      evidence,
    })
  assert.equal(ask('presence', true).answer, `A dog bark, then rain. ${ask('presence', false).answer}`)
  assert.equal(ask('presence', true).question, ask('presence', false).question)
  assert.deepEqual(ask('name', true), ask('name', false))
  const random = new Random('orders')
  const options = { wordings: 'train', tasks: { order: 1 }, vocabulary, evidence: true } as const
  const orders = new Set(Array.from({ length: 60 }, () => askAbout(events, random, options).answer))
  assert.deepEqual([...orders].sort(), [
    'A dog bark, then rain. A dog bark.',
    'A dog bark, then rain. Rain.',
    'First a dog bark, then rain.',
  ])
})

test('a timeline that allows none of the tasks is told, and differences below 6 dB are not asked', () => {
  const events = [at('rain', 'sound', 0, -20), at('tom', 'drum', 1, -25.9)]
  const options = { wordings: 'train', tasks: { louder: 1 }, vocabulary } as const
  assert.throws(() => askAbout(events, new Random(1), options), /none.*\n.*name or caption/)
  assert.ok(!canBeAsked(events, options))
  assert.ok(canBeAsked([events[0]!, at('tom', 'drum', 1, -26.1)], options))
})

test('a task can be asked about a timeline whatever is drawn, or never', () => {
  const small: Vocabulary = { sound: ['dog bark', 'rain'], digit: [], drum: [] }
  const timelines = [
    ...Array.from({ length: 100 }, (_, i) => drawEvents(new Random('timeline', i))),
    [at('rain', 'sound', 0)],
    [at('rain', 'sound', 0), at('dog bark', 'sound', 1)],
  ]
  for (const known of [vocabulary, small, { ...small, sound: ['rain'] }]) {
    for (const task of tasks) {
      const options = { wordings: 'train', tasks: { [task]: 1 }, vocabulary: known } as const
      for (const events of timelines) {
        const draws = Array.from({ length: 8 }, (_, i) => {
          try {
            return askAbout(events, new Random(i), options).task === task
          } catch {
            return false
          }
        })
        assert.deepEqual([...new Set(draws)], [canBeAsked(events, options)], task)
      }
    }
  }
})

test('several questions about one audio are of tasks by their weight', () => {
  const random = new Random('several')
  const tasks = { name: 1, presence: 3 }
  const asked = askSeveral([at('rain', 'sound', 0)], random, 400, { wordings: 'train', tasks, vocabulary })
  const names = asked.filter(({ task }) => task === 'name').length
  assert.ok(asked.length === 400 && Math.abs(names - 100) < 30, `${names} names`)
})
