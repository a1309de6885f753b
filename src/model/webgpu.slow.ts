import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { probe } from '../runtime/probe.js'
import { Runtime } from '../runtime/runtime.js'
import { loadPal } from './pal.js'

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
