import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeWav } from '../audio/write-wav.js'
import { loadPal } from './pal.js'

test('memory stays flat over 1,000 generations of the shipped model', async (t) => {
  const pal = await loadPal()
  const generate = async (from: number, count: number) => {
    for (let i = from; i < from + count; i++) {
      const bytes = encodeWav(new Float32Array(16_000 * (1 + (i % 5))).fill(0.1), 16_000)
      const options = { maxTokens: 4 + (i % 20), temperature: 1, seed: i }
      // Alone, several together, and one that is left in the middle.
      if (i % 10 === 3)
        await pal.askAll(
          [0, 1, 2].map(() => ({ audio: bytes, question: 'What is it?' })),
          options,
        )
      else if (i % 10 === 7) for await (const _ of pal.ask(bytes, 'What do you hear?', options)) break
      else await pal.ask(bytes, 'What do you hear?', options).result
    }
  }
  await generate(0, 200) // Until V8's heaps and the allocator have found their size.
  const start = resident()
  await generate(200, 1000)
  const grown = resident() - start
  await pal.close()
  t.diagnostic(`grew by ${grown.toFixed(1)} MiB from ${start.toFixed(0)}`)
  assert.ok(grown < 40, `grew by ${grown.toFixed(1)} MiB`)
})

/** MiB of this process after a collection of garbage. */
function resident(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().rss / 2 ** 20
}
