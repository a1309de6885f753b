import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Random } from '../../random.js'
import { Runtime } from '../../runtime/runtime.js'
import { openModel } from '../stored/model-folder.js'
import { writeTinyModel } from '../tiny-model.js'
import { type AudioInput, Ears } from './ears.js'
import { LanguageModel } from './language-model.js'

let runtime: Runtime
let ears: Ears
before(async () => {
  const model = await openModel(await writeTinyModel())
  runtime = await Runtime.start({ threads: 1 })
  ears = new Ears(runtime, model, LanguageModel.compile(runtime, model.config.model, model.weights))
})
after(() => runtime.close())

test('a memory of several audios has the same rows, whether they were listened to before or not', async () => {
  const random = new Random('ears')
  const [first, second] = [0.5, 0.3].map((seconds) => ({
    samples: Float32Array.from({ length: seconds * 8000 }, () => random.uniform(-0.5, 0.5)),
    sampleRate: 8000,
  })) as [AudioInput, AudioInput]
  const rowsOf = async (...audio: AudioInput[]) =>
    (await ears.hear(await ears.listen(audio), 0)).cache.arena.flat
  const joined = await rowsOf(first, second)
  assert.deepEqual(await rowsOf(await ears.listen(first), second), joined)
  assert.notDeepEqual(await rowsOf(second, first), joined)
})
