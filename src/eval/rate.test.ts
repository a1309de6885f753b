import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import type { AudioMemory } from '../model/answering/ears.js'
import { loadPal } from '../model/pal.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import { rateIdentity } from './identity.js'
import { questionsOf } from './questions-of.js'
import { QUESTIONS_RATE, rateOf } from './rate.js'
import { evaluate } from './run.js'

const DRAWING = { scenes: 5, seed: 1, wordings: 'held-out' } as const

test('a model hears at its own rate what is stored at another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-rate-'))
  const recording = join(folder, 'a.wav')
  const samples = Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i * i * 1e-5) / 2)
  await writeFile(recording, encodeWav(samples, 16_000))
  const messages = [
    { role: 'user', content: '<audio>What is it?' },
    { role: 'assistant', content: 'Rain.' },
  ]
  const manifest = join(folder, 'questions.jsonl')
  await writeFile(manifest, JSON.stringify({ messages, audios: ['a.wav'] }))

  const model = await writeTinyModel()
  const sampleRate = await rateOf(model)
  assert.equal(sampleRate, 8000)
  const load = () => loadPal({ model, threads: 1 })
  const heard: AudioMemory[] = []
  const loadHearing = async () => {
    const pal = await load()
    const listen = pal.listen.bind(pal)
    pal.listen = async (...asked) => {
      const memory = await listen(...asked)
      heard.push(memory)
      return memory
    }
    return pal
  }
  const pal = await load()
  const inItsWay = await pal.listen(recording)
  await pal.close()
  for (const [i, rate] of [sampleRate, QUESTIONS_RATE].entries()) {
    const set = await questionsOf(manifest, [], { ...DRAWING, sampleRate: rate })
    await evaluate(loadHearing, set, { folder: join(folder, String(rate)), identity: {} })
    assert.equal(heard[i]?.seconds, 0.5, 'whoever reads at another rate is heard at the right speed, too')
    assert.deepEqual(heard[i]?.encoded, inItsWay.encoded)
  }
})

test('models of all rates are asked the same about a recipe’s recordings, and each hears them at its own', async () => {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const changes = [`data.root=${await writeTinyRecordings()}`]
  const at = (sampleRate: number) => questionsOf(recipe, changes, { ...DRAWING, sampleRate })
  const [usual, other] = [await at(16_000), await at(44_100)]
  const asked = ({ items }: typeof usual) =>
    items.map(({ samples: _, recording: __, sounds = [], ...item }) => ({
      ...item,
      clips: sounds.map(({ clip }) => clip),
    }))
  assert.deepEqual(asked(other), asked(usual))
  for (const [i, { id, recording, samples }] of other.items.entries()) {
    const [here, there] = [await samples(), await usual.items[i]!.samples()]
    assert.deepEqual([here.sampleRate, there.sampleRate], [44_100, 16_000])
    const seconds = (of: typeof here) => of.samples.length / of.sampleRate
    assert.ok(Math.abs(seconds(here) - seconds(there)) < 0.02, `${id}: ${seconds(here)} ${seconds(there)}`)
    assert.notEqual(recording, usual.items[i]!.recording)
  }
})

test('answers at the usual rate say nothing of it, as they always have', async () => {
  assert.deepEqual([rateIdentity(16_000), rateIdentity(8000)], [{}, { sampleRate: 8000 }])
})
