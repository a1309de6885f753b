import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { cacheInput, KeyValueCache } from '../../llm/kv-cache.js'
import { Random } from '../../random.js'
import { Runtime } from '../../runtime/runtime.js'
import { collate } from '../../train/collate.js'
import { forwardGraph } from '../../train/training-graph.js'
import type { ModelConfig } from '../config/config.js'
import { integrations, tinyConfig, tinyWeights } from '../tiny-model.js'
import { AudioEncoder } from './audio-encoder.js'
import { LanguageModel } from './language-model.js'
import { Listener } from './listener.js'

const TEXT = [5, 40, 41, 7, 299, 120, 3, 3, 60, 61, 62]
const TOLERANCE = 1e-4

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

const configs = {
  ...Object.fromEntries(
    Object.entries(integrations).map(([name, integration]) => [name, tinyConfig(integration)]),
  ),
  'palRouted, with clocks': withClocks(tinyConfig(integrations.palRouted)),
  'lalVariants, with heads that a cache pads': withHeadsOf(6, tinyConfig(integrations.lalVariants)),
  'palRouted, with heads that a cache pads': withHeadsOf(6, tinyConfig(integrations.palRouted)),
  'flamingo, with heads that a cache pads': withHeadsOf(6, tinyConfig(integrations.flamingo)),
}

for (const [name, config] of Object.entries(configs)) {
  describe(name, () => {
    const sound = noise(4000)

    test('read token by token, in chunks and at once: the logits of the training graph', async () => {
      const expected = await trainedLogits(config, sound)
      for (const chunk of [1, 3, 256]) {
        const { encoder, listener, languageModel } = await model(config, chunk)
        const memory = await listener.listen([await encoder.encode(sound)])
        const together = memory.cache.copy(0)
        close(await languageModel.read(together, { ids: TEXT }, memory.nextPosition), expected.at(-1)!)

        const single = memory.cache.copy(0)
        for (const [i, id] of TEXT.entries()) {
          close(await languageModel.read(single, { ids: [id] }, memory.nextPosition + i), expected[i]!)
        }
      }
    })

    test('one question, with room for it and where another cache was: as from a memory', async () => {
      for (const chunk of [3, 256]) {
        const { encoder, listener, languageModel } = await model(config, chunk)
        const encoded = await encoder.encode(sound)
        const { cache, nextPosition } = await listener.listen([encoded])
        const expected = await languageModel.read(cache.copy(0), { ids: TEXT }, nextPosition)
        for (const room of [1, 500]) {
          const used = (await listener.hear([encoded], room)).cache
          used.arena.flat.fill(Number.NaN)
          await used.release()
          const heard = await listener.hear([encoded], room)
          const { arena } = heard.cache
          const { logits, next } = await languageModel.readPrompt({ ...heard, ids: TEXT })
          close(logits, expected)
          assert.equal(next, nextPosition + TEXT.length)
          assert.equal(heard.cache.arena, arena)
        }
      }
    })

    test('the tokens of long audio are those of its windows, in order; none is dropped', async () => {
      const { encoder } = await model(config)
      const long = noise(5120 * 2 + 900)
      const whole = await encoder.encode(long)
      for (const { name } of config.encoders) {
        const parts = [0, 5120, 10240].map((start) => encoder.encode(long.subarray(start, start + 5120)))
        const expected = (await Promise.all(parts)).flatMap((part) => [...part.get(name)!])
        close(whole.get(name)!, Float32Array.from(expected))
      }
    })

    test('audios heard one after the other are heard as one', async () => {
      const { encoder, listener } = await model(config)
      const long = noise(5120 * 2 + 900)
      const parts = [long.subarray(0, 5120), long.subarray(5120)]
      const joined = await listener.listen(await Promise.all(parts.map((part) => encoder.encode(part))))
      const whole = await listener.listen([await encoder.encode(long)])
      assert.ok(whole.cache.arena.flat.length > 0)
      close(joined.cache.arena.flat, whole.cache.arena.flat)
    })

    test('sequences of different lengths go on together as each would alone', async () => {
      const { encoder, listener, languageModel } = await model(config)
      const memories = await Promise.all(
        [900, 4000, 5120].map(async (length) => listener.listen([await encoder.encode(noise(length))])),
      )
      const start = async (i: number) => {
        const memory = memories[i]!
        const cache = memory.cache.copy(0)
        const text = TEXT.slice(0, 3 + 4 * i)
        await languageModel.read(cache, { ids: text }, memory.nextPosition)
        await cache.home()
        return { cache, position: memory.nextPosition + text.length }
      }
      const starts = await Promise.all([0, 1, 2].map(start))
      /** In memory of a cache that held no numbers, of the same size. */
      const rejoined = async (make: () => KeyValueCache) => {
        const used = make()
        used.arena.flat.fill(Number.NaN)
        await used.release()
        return make()
      }
      const together = await rejoined(() => KeyValueCache.join(starts.map(({ cache }) => cache)))
      for (let step = 0; step < 4; step++) {
        const ids = [step, 10 + step, 20 + step]
        const positions = starts.map(({ position }) => position + step)
        const scores = await languageModel.next(together, ids, positions)
        for (const [i, { cache }] of starts.entries()) {
          close(scores[i]!, await languageModel.read(cache, { ids: [ids[i]!] }, positions[i]!))
        }
      }
      await together.home()
      const rest = await rejoined(() => together.only([2, 0]))
      const [last] = await languageModel.next(
        rest,
        [7, 8],
        [starts[2]!.position + 4, starts[0]!.position + 4],
      )
      close(last!, await languageModel.read(starts[2]!.cache, { ids: [7] }, starts[2]!.position + 4))
    })

    test('more text than a step of the cache holds', async () => {
      const { encoder, listener, languageModel } = await model(config)
      const memory = await listener.listen([await encoder.encode(sound)])
      const ids = Array.from({ length: 300 }, (_, i) => (i * 7) % 290)
      const growing = memory.cache.copy(0)
      let logits: Float32Array = new Float32Array()
      for (const [i, id] of ids.entries()) {
        logits = await languageModel.read(growing, { ids: [id] }, memory.nextPosition + i)
      }
      const together = await languageModel.read(memory.cache.copy(0), { ids }, memory.nextPosition)
      close(logits, together)
      assert.equal(growing.lengths()[0], memory.cache.lengths()[0]! + ids.length)
    })
  })
}

test('without audio every integration but Flamingo is the text-only language model', async () => {
  const logits: Float32Array[] = []
  for (const integration of [integrations.plits, integrations.lal, integrations.palUnified]) {
    const config = tinyConfig(integration)
    const { languageModel } = await model(config)
    logits.push(await languageModel.read(languageModel.emptyCache(), { ids: TEXT }, 0))
  }
  for (const other of logits.slice(1)) close(other, logits[0]!)
})

test('a run that fails leaves the cache as it was', async () => {
  const config = tinyConfig(integrations.plits)
  const { languageModel } = await model(config, 4)
  const cache = languageModel.emptyCache()
  await languageModel.read(cache, { ids: TEXT.slice(0, 5) }, 0)
  const unknown = config.llm.vocabularySize
  await assert.rejects(languageModel.read(cache, { ids: [unknown] }, 5), /ONNX Runtime: .*out of/)
  const logits = await languageModel.read(cache, { ids: TEXT.slice(5) }, 5)
  close(logits, await languageModel.read(languageModel.emptyCache(), { ids: TEXT }, 0))
})

test('a token says when it was heard', async () => {
  const config = withClocks(tinyConfig(integrations.lal))
  const { encoder, listener } = await model(config)
  const sound = await encoder.encode(noise(5120))
  const [once, twice] = [await listener.listen([sound]), await listener.listen([sound, sound])]
  const [first, both] = [once, twice].map(({ cache }) => cache.arena.get(cacheInput.values(0)))
  const { headSize } = config.llm
  // Values are not turned to positions: the same sound a second time differs by its time alone.
  const again = both!.subarray(once.cache.lengths()[0]! * headSize)
  close(both!.subarray(0, headSize), first!.subarray(0, headSize))
  assert.throws(() => close(again.subarray(0, headSize), first!.subarray(0, headSize)))
})

test('audio that is read no further holds nothing', async (context) => {
  const { encoder, listener } = await model(tinyConfig(integrations.plits), 2)
  const encoded = await encoder.encode(noise(4000))
  const release = context.mock.method(KeyValueCache.prototype, 'release')
  const stopped = new Error('stopped')
  await assert.rejects(listener.listen([encoded], AbortSignal.abort(stopped)), stopped)
  assert.equal(release.mock.callCount(), 1)
})

function withHeadsOf(headSize: number, config: ModelConfig): ModelConfig {
  return { ...config, llm: { ...config.llm, headSize } }
}

function withClocks(config: ModelConfig): ModelConfig {
  const encoders = config.encoders.map((named) => {
    assert.equal(named.connector.kind, 'mlp')
    return { ...named, connector: { ...named.connector, clock: true } } as typeof named
  })
  return { ...config, encoders }
}

async function model(config: ModelConfig, chunk?: number) {
  const weights = tinyWeights(config)
  const source = (name: string) => weights.get(name)
  const languageModel = LanguageModel.compile(runtime, config, source, chunk ? { chunk } : {})
  return {
    encoder: new AudioEncoder(runtime, config, source),
    listener: await Listener.compile(runtime, config, source, languageModel),
    languageModel: await languageModel,
  }
}

/** The scores of what follows each token of the text, all at once, from the graph that training uses. */
async function trainedLogits(config: ModelConfig, samples: Float32Array): Promise<readonly Float32Array[]> {
  const tokenizer = { chat: () => ({ ids: [...TEXT, 0], learn: [false, ...TEXT.map(() => true)] }) }
  const draw = { samples, turns: [{ question: '', answer: '' }] }
  const { shape, feeds } = collate([draw] as never, config, tokenizer, 5120)
  const { logits } = forwardGraph(config, shape)
  const weights = tinyWeights(config)
  const program = await runtime.compile({ logits }, { weights: (name) => weights.get(name) })
  const { outputs } = await program.run(feeds)
  const { vocabularySize } = config.llm
  const all = outputs.logits!.data as Float32Array
  return TEXT.map((_, i) => all.subarray(i * vocabularySize, (i + 1) * vocabularySize))
}

function noise(length: number): Float32Array {
  const random = new Random('noise', length)
  return Float32Array.from({ length }, () => random.uniform(-0.5, 0.5))
}

function close(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length)
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
  assert.ok(worst < TOLERANCE, `largest difference ${worst}`)
}
