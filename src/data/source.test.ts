import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Random } from '../random.js'
import { folder, loaded, rate, smallSet, tone, writeWav } from './audio.test.fixtures.js'
import { BalancedClips } from './balanced.js'
import { clipSource } from './clip-source.js'
import { manifestSource } from './manifest-source.js'
import { tasks } from './questions/task.js'
import { sceneSource } from './scene-source.js'
import { mix, type Source } from './source.js'

const clips = smallSet()
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
  for (let seed = 0; seed < 200; seed++) {
    for (const { task } of sceneDraws.draw(new Random('tasks', seed)).turns) asked.add(task)
  }
  assert.deepEqual([...asked].sort(), [...tasks].sort())
})

test('counting scenes count to four about evenly', () => {
  const source = sceneSource(clips, {
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

test('a speed that would cut a word is refused', () => {
  const slow = { augment: { speed: { range: [0.7, 1] } } } as const
  assert.throws(() => clipSource(clips, slow), /clips\.augment\.speed\.range: .*0\.8, got 0\.7/)
  assert.throws(() => sceneSource(clips, slow), /scenes\.augment/)
})

test('a mix draws by weight and refuses weights and rates that make no sense', () => {
  const constant = (name: string, sampleRate = rate): Source => {
    const draw = () => ({ samples: new Float32Array(1), turns: [{ question: '', answer: name, task: '' }] })
    return { name, sampleRate, draw, drawWithin: draw }
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
  assert.throws(() => mix([{ source: constant('a'), weight: 0 }]), /mix\.a: .*above 0, got 0/)
  assert.throws(() => mix([]), /at least one source/)
  const rates = [constant('a'), constant('b', 8000)].map((source) => ({ source, weight: 1 }))
  assert.throws(() => mix(rates), /16000 Hz, got 8000 Hz from b/)
})

async function manifest(...rows: object[]): Promise<string> {
  const path = join(await folder(), 'rows.jsonl')
  await writeWav(join(path, '../a.wav'), tone(1))
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return path
}
const turn = (role: string, content: string) => ({ role, content })

test("a manifest's rows are drawn whole or not at all", async () => {
  const messages = [
    turn('user', '<audio>What?'),
    turn('assistant', 'A.'),
    turn('user', 'And?'),
    turn('assistant', 'B.'),
  ]
  const source = await manifestSource(await manifest({ messages, audios: ['a.wav'], task: 'quiz' }))
  const { samples, turns } = source.draw(new Random(1))
  assert.equal(samples.length, rate)
  assert.deepEqual(turns, [
    { question: 'What?', answer: 'A.', task: 'quiz' },
    { question: 'And?', answer: 'B.', task: 'quiz' },
  ])
  assert.throws(
    () => source.drawWithin(new Random(1), 0.5),
    /rows\.jsonl:1, audios: .*0\.5 s of audio, got 1\.00 s/,
  )
})

test('rows that cannot be trained on are told with their line', async () => {
  const question = [turn('user', 'What?'), turn('assistant', 'A.')]
  await assert.rejects(
    manifest({ messages: question, audios: [] }).then((path) => manifestSource(path)),
    /:1, audios: .*got 0/,
  )
  const system = { messages: [turn('system', 'Hi.'), ...question], audios: ['a.wav'] }
  await assert.rejects(
    manifest(system).then((path) => manifestSource(path)),
    /:1, messages\.0\.role: .*system/,
  )
})
