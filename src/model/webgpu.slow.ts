import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { largestDifference } from '../integration/tiny.test.helper.js'
import { packageFolder } from '../package-folder.js'
import { probe } from '../runtime/probe.js'
import { Runtime } from '../runtime/runtime.js'
import { LanguageModel } from './answering/language-model.js'
import { loadPal } from './pal.js'
import { tinyConfig, tinyWeights } from './tiny-model.js'

test('the shipped model answers on WebGPU as on the processor', {
  skip: await webgpuMissing(),
}, async (t) => {
  await using there = await loadPal({ provider: 'webgpu' })
  await using here = await loadPal({ provider: 'cpu' })
  const question = 'What do you hear?'
  for (const name of ['snare-drum.wav', 'crow.mp3', 'cowbell.flac']) {
    const audio = join(packageFolder(), 'examples', name)
    const { answer: text } = await here.ask(audio, question).result
    assert.equal((await there.ask(audio, question).result).answer, text)
    const [scores, others] = await Promise.all(
      [here, there].map((pal) => pal.score(audio, question, [text, 'A dog.', 'Yes.'])),
    )
    for (const [i, { answer, logProbability }] of scores!.entries()) {
      const difference = Math.abs(others![i]!.logProbability - logProbability)
      t.diagnostic(
        `${name}, "${answer}": ${logProbability.toFixed(4)} nats, ${difference.toExponential(1)} apart`,
      )
      assert.ok(difference < 1e-2, `${name}, "${answer}": ${difference}`)
    }
  }
})

test('whatever is read at once, its scores are those of the processor', {
  skip: await webgpuMissing(),
}, async () => {
  const config = tinyConfig()
  const weights = tinyWeights(config)
  const scoresOn = async (provider: string, length: number) => {
    const runtime = await Runtime.start({ provider })
    const model = await LanguageModel.compile(runtime, config, (name) => weights.get(name))
    const ids = Array.from({ length }, (_, i) => (7 * i) % 290)
    const scores = await model.read(model.emptyCache(), { ids }, 0)
    await runtime.close()
    return scores
  }
  for (const length of [5, 40, 300]) {
    const [here, there] = [await scoresOn('cpu', length), await scoresOn('webgpu', length)]
    const difference = largestDifference(here, there)
    assert.ok(difference < 1e-4, `${length} tokens: ${difference}`)
  }
})

/** Why WebGPU cannot be used here; false where it can. A software implementation of Vulkan is enough. */
async function webgpuMissing(): Promise<string | false> {
  try {
    const runtime = await Runtime.start({ provider: 'webgpu' })
    await probe(runtime, 'webgpu').finally(() => runtime.close())
    return false
  } catch (error) {
    return (error as Error).message
  }
}
