import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../../audio/write-wav.js'
import { PalError } from '../../errors.js'
import { Random } from '../../random.js'
import { folder, loaded, rate, smallSet, tone, writeWav } from '../audio.test.fixtures.js'
import { BalancedClips } from '../clips/balanced-clips.js'
import { readQuestions } from '../manifests/manifest.js'
import { tasks } from '../questions/task.js'
import { conversationOf, mix, type Source } from '../source.js'
import { clipSource } from './clip-source.js'
import { type ManifestSourceOptions, manifestSource } from './manifest-source.js'
import { sceneSource } from './scene-source.js'

const clips = smallSet()
/** The same, of few samples: for hundreds of draws of which no more is looked at than what is asked. */
const coarseClips = smallSet(2000)
const clipDraws = clipSource(clips)
const sceneDraws = sceneSource(clips, { scene: { overlap: 0.2 } })
const both = mix([
  { source: clipDraws, weight: 1 },
  { source: sceneDraws, weight: 3 },
])

for (const source of [clipDraws, sceneDraws, both]) {
  test(`${source.name}: draws have four questions and are reproducible`, () => {
    for (let seed = 0; seed < 60; seed++) {
      const draw = source.draw(new Random('draws', seed))
      assert.equal(draw.turns.length, 4)
      assert.ok(draw.samples.length > 0 && draw.samples.every((x) => Math.abs(x) <= 1))
      assert.deepEqual(draw, source.draw(new Random('draws', seed)))
    }
  })

  test(`${source.name}: a draw stays within the seconds asked for`, () => {
    for (let seed = 0; seed < 150; seed++) {
      const maxSeconds = 1.2 + (seed % 5) / 2
      const { samples } = source.drawWithin(new Random('within', seed), maxSeconds)
      assert.ok(samples.length <= maxSeconds * rate + 1, `${samples.length / rate} s of ${maxSeconds} s`)
    }
    assert.throws(() => {
      for (let seed = 0; seed < 50; seed++) source.drawWithin(new Random(seed), 0.02)
    }, /fit into 0\.02 s/)
  })
}

test('scenes ask of every task', () => {
  const asked = new Set<string>()
  const source = sceneSource(coarseClips, { scene: { overlap: 0.2 } })
  for (let seed = 0; seed < 200; seed++) {
    for (const { task } of source.draw(new Random('tasks', seed)).turns) asked.add(task)
  }
  assert.deepEqual([...asked].sort(), [...tasks].sort())
})

test('counting scenes count to four about evenly', () => {
  const source = sceneSource(coarseClips, {
    countingChance: 1,
    backgroundChance: 0,
    tasks: { count: 1 },
    questionsPerAudio: 1,
  })
  const counts: Record<string, number> = {}
  for (let seed = 0; seed < 400; seed++) {
    const { answer } = source.draw(new Random('count', seed)).turns[0] as { answer: string }
    counts[answer] = (counts[answer] ?? 0) + 1
  }
  assert.deepEqual(Object.keys(counts).sort(), ['Four.', 'One.', 'Three.', 'Two.'])
  for (const count of Object.values(counts)) assert.ok(count > 60, JSON.stringify(counts))
})

test('clips are drawn evenly over labels, then groups', () => {
  const uneven = [
    ...Array.from({ length: 50 }, () => loaded('snare drum', 'drum', tone(0.1), 'big kit')),
    loaded('snare drum', 'drum', tone(0.1), 'small kit'),
    loaded('cowbell', 'drum', tone(0.1), 'big kit'),
  ]
  const balanced = new BalancedClips(uneven)
  const random = new Random('even')
  const drawn = Array.from({ length: 4000 }, () => balanced.draw(random))
  const share = (test: (clip: (typeof uneven)[0]) => boolean) => drawn.filter(test).length / drawn.length
  assert.ok(Math.abs(share((clip) => clip.label === 'cowbell') - 0.5) < 0.04)
  assert.ok(Math.abs(share((clip) => clip.group === 'small kit') - 0.25) < 0.04)
})

for (const task of tasks) {
  test(`${task} alone: every draw of clips or scenes can be asked about, or the source is refused`, () => {
    const alone = { tasks: { [task]: 1 } }
    const alike = ['order', 'louder'].includes(task) ? [sceneSource] : [clipSource, sceneSource]
    for (const make of alike) {
      const source = make(coarseClips, alone)
      source.check(3)
      for (let seed = 0; seed < 50; seed++) {
        const { turns } = source.drawWithin(new Random('alone', seed), 3)
        assert.deepEqual(new Set(turns.map((turn) => turn.task)), new Set([task]))
      }
    }
    if (alike.length === 1) {
      assert.throws(
        () => clipSource(coarseClips, alone),
        new RegExp(`clips\\.tasks: .*a recording by itself, got ${task}\n`),
      )
    }
  })
}

test('clips that no task can be asked about are left out, and all are heard where nothing is asked', () => {
  const count = { tasks: { count: 1 } } as const
  const labels = (source: Source) =>
    new Set(
      Array.from({ length: 200 }, (_, i) => source.draw(new Random('asked', i)).sounds?.[0]?.label ?? ''),
    )
  const asked = labels(clipSource(coarseClips, count))
  assert.ok(asked.has('tom') && asked.has('nine') && !asked.has('rain') && !asked.has('silence'))
  const heard = labels(clipSource(coarseClips, { ...count, questionsPerAudio: 0 }))
  assert.ok(heard.has('tom') && heard.has('rain') && heard.has('silence'))
})

test('without questions the audio and its sounds are the same', () => {
  for (const make of [clipSource, sceneSource]) {
    const [asking, silent] = [make(clips), make(clips, { questionsPerAudio: 0 })]
    for (let seed = 0; seed < 40; seed++) {
      const { turns, ...draw } = silent.drawWithin(new Random('silent', seed), 4)
      const { turns: _, ...same } = asking.drawWithin(new Random('silent', seed), 4)
      assert.deepEqual(turns, [])
      assert.deepEqual(draw, same)
    }
  }
})

test('silence and noise come only where a task can be asked about them', () => {
  const choice = { tasks: { choice: 1 } } as const
  assert.throws(
    () => clipSource(coarseClips, { ...choice, backgroundChance: 0.1 }),
    /clips\.tasks: .*got choice/,
  )
  for (let seed = 0; seed < 300; seed++) {
    const { sounds } = clipSource(coarseClips, choice).draw(new Random('background', seed))
    assert.ok(!['silence', 'noise'].includes(sounds?.[0]?.label ?? ''))
  }
  const { sounds } = clipSource(coarseClips, { tasks: { name: 1 }, backgroundChance: 1 }).draw(new Random(1))
  assert.ok(['silence', 'noise'].includes(sounds?.[0]?.label ?? ''))
})

test('scenes of which none can be asked about are told by a check', () => {
  const single = { tasks: { order: 1 }, eventCounts: [1], countingChance: 0 } as const
  assert.throws(
    () => sceneSource(clips, single).check(4),
    /scenes\.tasks: .*these scenes, got order: 100 were drawn/,
  )
})

test('of clips that fit, however few, one is drawn', () => {
  const words = Array.from({ length: 300 }, (_, i) => loaded(`${i}`, 'digit', tone(i === 7 ? 0.3 : 0.6)))
  const source = clipSource(words, { augment: false, backgroundChance: 0, tasks: { name: 1 } })
  source.check(0.4)
  for (let seed = 0; seed < 20; seed++) {
    assert.equal(source.drawWithin(new Random(seed), 0.4).sounds?.[0]?.label, '7')
  }
  assert.throws(() => source.check(0.2), /clips: expected clips that fit into 0\.2 s, got none among 300/)
})

test('settings that mean nothing are refused before anything is drawn', () => {
  const augmented = (step: string, low: number, high: number) => () =>
    clipSource(clips, { augment: { [step]: { range: [low, high] } } })
  assert.throws(augmented('speed', 0.7, 1), /clips\.augment\.speed\.range: .* at least 0\.8, got \[0\.7, 1\]/)
  assert.throws(augmented('shift', -0.1, 0.1), /clips\.augment\.shift\.range: .* at least 0, got/)
  assert.throws(augmented('reverb', -0.1, 0.1), /augment\.reverb\.range/)
  assert.throws(augmented('bandLimit', 0, 0), /augment\.bandLimit\.range: .* at least 1, got \[0, 0\]/)
  assert.throws(augmented('tilt', 8, -8), /augment\.tilt\.range: expected \[lowest, highest\], got \[8, -8\]/)
  assert.throws(augmented('noise', 0, Number.POSITIVE_INFINITY), /augment\.noise\.range/)
  assert.throws(() => sceneSource(clips, { augment: { speed: { range: [0.7, 1] } } }), /scenes\.augment/)

  const composed = (options: object) => () => sceneSource(clips, options)
  assert.throws(composed({ eventCounts: [] }), /scenes\.eventCounts: .*above 0, got \[\]/)
  assert.throws(composed({ eventCounts: [0, 0] }), /scenes\.eventCounts: .*above 0, got \[0, 0\]/)
  assert.throws(composed({ scene: { clipSeconds: [-1, 0] } }), /scene\.clipSeconds: .* at least 0\.05/)
  assert.throws(composed({ scene: { gapSeconds: [-2, -1] } }), /scene\.gapSeconds: .* at least 0, got/)
  assert.throws(composed({ scene: { levelDb: [0, -6] } }), /scene\.levelDb/)
  assert.throws(composed({ scene: { noiseBelowDb: [Number.NaN, 0] } }), /scene\.noiseBelowDb/)
  sceneSource(clips, { scene: { noiseBelowDb: false, levelDb: [-90, -80] } })
  for (const make of [clipSource, sceneSource]) {
    assert.throws(
      () => make(clips, { tasks: {} }),
      /tasks: expected at least one task that is asked, got none/,
    )
    assert.throws(() => make(clips, { tasks: { name: 0 } }), /tasks: expected at least one/)
  }
})

test('a mix draws by weight and refuses weights and rates that make no sense', () => {
  const constant = (name: string, sampleRate = rate): Source => {
    const draw = () => ({ samples: new Float32Array(1), turns: [{ question: '', answer: name, task: '' }] })
    const check = (maxSeconds: number) => assert.ok(maxSeconds > 1, `${name} is too long`)
    return { name, sampleRate, check, draw, drawWithin: draw }
  }
  const source = mix([
    { source: constant('a'), weight: 3 },
    { source: constant('b'), weight: 1 },
  ])
  const random = new Random('mix')
  const share = Array.from({ length: 2000 }, () => source.draw(random)).filter(
    (d) => d.turns[0]?.answer === 'a',
  ).length
  assert.ok(Math.abs(share / 2000 - 0.75) < 0.04)
  source.check(2)
  assert.throws(() => source.check(1), /a is too long/)
  assert.throws(() => mix([{ source: constant('a'), weight: 0 }]), /mix\.a: .*above 0, got 0/)
  assert.throws(() => mix([]), /at least one source/)
  const rates = [constant('a'), constant('b', 8000)].map((source) => ({ source, weight: 1 }))
  assert.throws(() => mix(rates), /16000 Hz, got 8000 Hz from b/)
})

async function manifest(...rows: object[]): Promise<string> {
  const path = join(await folder(), 'rows.jsonl')
  await writeWav(join(path, '../a.wav'), tone(1))
  await writeWav(join(path, '../b.wav'), tone(0.4))
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return path
}
const fromManifest = async (path: string, options?: ManifestSourceOptions) =>
  manifestSource(await readQuestions(path), options)
const turn = (role: string, content: string) => ({ role, content })
const question = [turn('user', '<audio>What?'), turn('assistant', 'A.')]

test("a manifest's rows are drawn whole or not at all", async () => {
  const short = { messages: question, audios: ['b.wav'] }
  const rows = [short, short, { messages: question, audios: ['a.wav'], task: 'quiz' }, short]
  const source = await fromManifest(await manifest(...rows))
  const draws = Array.from({ length: 40 }, (_, i) => source.draw(new Random(i)))
  assert.deepEqual(new Set(draws.map(({ samples }) => samples.length)), new Set([rate, 0.4 * rate]))
  assert.deepEqual(draws.find(({ samples }) => samples.length === rate)?.turns, [
    { question: 'What?', answer: 'A.', task: 'quiz' },
  ])
  const tooLong = /rows\.jsonl:3, audios: .*0\.5 s of audio, got 1\.00 s/
  assert.throws(() => {
    for (let seed = 0; seed < 40; seed++) source.drawWithin(new Random(seed), 0.5)
  }, tooLong)
  assert.throws(() => source.check(0.5), tooLong)
  source.check(1)
})

test("a manifest's audio is as it is, unless augmentation is asked for", async () => {
  const path = await manifest({ messages: question, audios: ['a.wav'] })
  const [plain, changing] = [await fromManifest(path), await fromManifest(path, { augment: {} })]
  const same = plain.draw(new Random(1))
  assert.deepEqual([same.samples.length, same.recurs, same.augmented], [rate, true, undefined])
  const amounts = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const draw = changing.drawWithin(new Random(seed), 1.5)
    assert.deepEqual(draw, changing.drawWithin(new Random(seed), 1.5))
    assert.ok(!draw.recurs && draw.samples.length <= 1.5 * rate)
    assert.deepEqual(draw.turns, same.turns)
    assert.equal(draw.augmented?.length, 1)
    for (const name of Object.keys(draw.augmented![0]!)) amounts.add(name)
  }
  assert.equal(amounts.size, 8)
  assert.deepEqual(plain.draw(new Random(1)).samples, same.samples, 'what is kept stays as it is')

  const tooLong = /:1, audios: expected at most 0\.92 s of audio, .* no more than 1\.4 s of it, got 1\.00 s/
  assert.throws(() => changing.check(1.4), tooLong)
  const steady = { speed: { probability: 0 }, shift: { probability: 0 } }
  ;(await fromManifest(path, { augment: steady })).check(1)
  await assert.rejects(
    fromManifest(path, { name: 'sources.mine', augment: { speed: { range: [0.5, 1] } } }),
    /sources\.mine\.augment\.speed\.range: .* at least 0\.8/,
  )
})

test('a draw tells what augmentation did, to a clip or to each sound of a scene', () => {
  for (let seed = 0; seed < 40; seed++) {
    const clip = clipSource(clips, { backgroundChance: 0 }).draw(new Random(seed))
    assert.equal(clip.augmented?.length, 1)
    assert.ok('gain' in clip.augmented[0]!)
    const scene = sceneSource(clips, { backgroundChance: 0 }).draw(new Random(seed))
    assert.equal(scene.augmented?.length, scene.sounds?.length)
    assert.ok(scene.augmented!.every((applied) => !('gain' in applied)))
    for (const make of [clipSource, sceneSource]) {
      assert.equal(make(clips, { augment: false }).draw(new Random(seed)).augmented, undefined)
    }
  }
})

test('a manifest and clips have an end, and each example a number', async () => {
  const rows = ['A.', 'B.', 'C.'].map((answer) => ({
    messages: [turn('user', 'What?'), turn('assistant', answer)],
    audios: ['b.wav'],
  }))
  const source = await fromManifest(await manifest(...rows))
  const { size, at } = source.examples!(1)
  const answers = Array.from({ length: size }, (_, i) => at(i, new Random(1)).turns[0]?.answer)
  assert.deepEqual(answers, ['A.', 'B.', 'C.'])
  assert.throws(() => source.examples!(0.1).at(0, new Random(1)), /rows\.jsonl:1, audios: .*0\.1 s of audio/)

  const short = clips.filter(({ kind, seconds }) => kind !== 'digit' || seconds <= 0.5)
  assert.ok(short.length < clips.length)
  const recordings = clipSource(clips, { augment: false, questionsPerAudio: 0 }).examples!(0.5)
  const heard = Array.from({ length: recordings.size }, (_, i) => recordings.at(i, new Random(i)).sounds?.[0])
  assert.deepEqual(
    heard.map((sound) => sound?.label),
    short.map(({ label }) => label),
  )
  assert.throws(() => clipSource(clips).examples!(0.02), /fit into 0\.02 s/)
})

test('of a mix only one source has an end, scenes have none, nor have clips with silence among them', () => {
  const one = mix([{ source: clipDraws, weight: 2 }])
  assert.equal(one.examples!(3).size, clipDraws.examples!(3).size)
  const endless = [
    both,
    sceneDraws,
    clipSource(clips, { backgroundChance: 0.1 }),
    mix([{ source: sceneDraws, weight: 1 }]),
  ]
  for (const source of endless) assert.equal(source.examples, undefined)
})

test('a row of several questions is one conversation, which must be teachable', async () => {
  const messages = [...question, turn('user', 'And?'), turn('assistant', 'B.')]
  const path = await manifest(
    { messages: question, audios: ['a.wav'] },
    { messages, audios: ['a.wav'], task: 'quiz' },
  )
  const said = [turn('user', 'What?'), turn('assistant', 'A.')]
  const source = await fromManifest(path, {
    expectTeachable: (given) => assert.deepEqual(given, [...said, ...messages.slice(2)]),
  })
  const draws = Array.from({ length: 20 }, (_, i) => source.draw(new Random(i)).turns)
  assert.ok(draws.every(({ length }) => length === 1))
  assert.deepEqual(
    draws.flat().find(({ task }) => task === 'quiz'),
    {
      ...{ before: said, question: 'And?', answer: 'B.', task: 'quiz' },
    },
  )
  const refusing = fromManifest(path, {
    expectTeachable() {
      throw new PalError('expected another template')
    },
  })
  await assert.rejects(refusing, /rows\.jsonl:2: expected another template/)
})

test('what is said after the last answer that is learnt is left out, and before it is only read', async () => {
  const marked = (said: string, learn: boolean) => [
    turn('user', 'And?'),
    { ...turn('assistant', said), loss: learn },
  ]
  const row = (...said: object[]) => ({ messages: [...question, ...said], audios: ['a.wav'] })
  const path = await manifest(
    {
      messages: [turn('user', 'Who?'), { ...turn('assistant', 'I.'), weight: 0 }, ...question],
      audios: ['a.wav'],
    },
    row(...marked('B.', false)),
    row(...marked('B.', true), ...marked('C.', false)),
  )
  const tried: unknown[] = []
  const source = await fromManifest(path, { expectTeachable: (messages) => tried.push(messages) })
  const { at } = source.examples!(1)
  const [first, second, third] = [0, 1, 2].map((i) => at(i, new Random(1)).turns[0]!)
  const read = { ...turn('assistant', 'I.'), learn: false }
  const plain = { question: 'What?', answer: 'A.', task: 'manifest' }
  assert.deepEqual(first, { ...plain, before: [turn('user', 'Who?'), read] })
  assert.deepEqual(second, plain)
  const said = [turn('user', 'What?'), turn('assistant', 'A.')]
  assert.deepEqual(third, { ...plain, before: said, question: 'And?', answer: 'B.' })
  assert.deepEqual(tried, [conversationOf(first!), conversationOf(third!)])
})

test("a system's message stands before everything that is said", async () => {
  const system = turn('system', 'Listen.')
  const source = await fromManifest(await manifest({ messages: [system, ...question], audios: ['a.wav'] }))
  assert.deepEqual(source.draw(new Random(1)).turns, [
    { before: [system], question: 'What?', answer: 'A.', task: 'manifest' },
  ])
})

test('rows that cannot be trained on are told with their line', async () => {
  const told = async (row: object, message: RegExp) =>
    assert.rejects(fromManifest(await manifest(row)), message)
  await told(
    { messages: [turn('user', 'What?'), turn('assistant', 'A.')], audios: [] },
    /:1, audios: .*got 0/,
  )
  await told({ key: '1', source: 'a.wav', target: 'A.' }, /:1: expected a question, got a row that has none/)
  await told({ messages: question, audios: ['none.wav'] }, /rows\.jsonl:1: expected audio that can be read/)
})

test('what a decoder notices in the audio of a row is told with its line', async () => {
  const path = await manifest({ messages: question, audios: ['a.wav'] })
  await writeFile(join(path, '../a.wav'), encodeWav(tone(1), rate).subarray(0, rate))
  const warnings: string[] = []
  await fromManifest(path, { onWarning: (message) => warnings.push(message) })
  assert.match(warnings.join('\n'), /rows\.jsonl:1: .*a\.wav: the file is cut short/)
})
