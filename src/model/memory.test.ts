import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeWav } from '../audio/write-wav.js'
import { loadPal } from './pal.js'
import { tinyConfig, writeTinyModel } from './tiny-model.js'

// A file of its own, because each test file is a process of its own.
test('memory stays flat over 500 questions', async () => {
  const pal = await loadPal({ model: await writeTinyModel(), threads: 1 })
  const ask = async (count: number) => {
    for (let i = 0; i < count; i++) {
      // Now and then another length, so that programs are compiled and released too.
      const seconds = i % 5 === 0 ? 0.08 + (i % 14) * 0.04 : 0.3
      const bytes = encodeWav(new Float32Array(8000 * seconds).fill(0.1), 8000)
      await pal.ask(bytes, 'What do you hear?', { maxTokens: 3 }).result
    }
  }
  await ask(200) // Until V8's heaps and the allocator have found their size.
  const grown: number[] = []
  for (let start = resident(); grown.length < 3; start = resident()) {
    await ask(100)
    grown.push(resident() - start)
  }
  await pal.close()
  // What is lost with every question is lost each time; the allocator takes a stretch of memory once.
  assert.ok(Math.min(...grown) < 10, `grew by ${grown.map((one) => one.toFixed(1)).join(', ')} MiB`)
})

test('what an answer that is cancelled in the middle held is free again', async () => {
  const config = { ...tinyConfig(), llm: { ...tinyConfig().llm, layers: 8, headSize: 64, heads: 4 } }
  const pal = await loadPal({ model: await writeTinyModel({ config }), threads: 1 })
  const memory = await pal.listen(encodeWav(new Float32Array(8000).fill(0.1), 8000))
  await pal.ask(memory, 'What do you hear?', { maxTokens: 2 }).result
  const warnings: Error[] = []
  process.on('warning', (warning) => warnings.push(warning))
  const start = buffers()
  const stopped = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const controller = new AbortController()
      const question = 'What do you hear? '.repeat(40)
      const answer = pal.ask(memory, question, { temperature: 2, signal: controller.signal })
      for await (const _ of answer) break
      const during = process.memoryUsage().arrayBuffers / 2 ** 20
      controller.abort()
      return during
    }),
  )
  assert.ok(Math.max(...stopped) > start + 5, `${stopped} over ${start}: the test itself holds something`)
  const kept = await settled(() => buffers() - start, 1)
  await pal.close()
  assert.deepEqual(warnings, [])
  assert.ok(kept < 1, `kept ${kept.toFixed(1)} MiB`)
})

/**
 * The first measure below `enough`, or the last one after ten seconds: a step that runs when it is cancelled still
 * comes to its end in the worker, and buffers are freed in the background.
 */
async function settled(measure: () => number, enough: number): Promise<number> {
  const deadline = performance.now() + 10_000
  let value = measure()
  while (value >= enough && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    value = measure()
  }
  return value
}

/** MiB of typed arrays after a collection of garbage. */
function buffers(): number {
  resident()
  return process.memoryUsage().arrayBuffers / 2 ** 20
}

/** MiB of this process after a collection of garbage. */
function resident(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().rss / 2 ** 20
}
