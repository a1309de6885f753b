import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tokenCount } from '../model/network/token-count.js'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { MASKED } from '../nn/attention.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { collate } from './collate.js'
import type { Hearing } from './hearing.js'
import { forwardGraph } from './training-graph.js'

const SAMPLES = 5120
const ids = [5, 40, 41, 7, 299, 120, 3, 3]
const tokenizer = { chat: () => ({ ids, learn: ids.map((_, i) => i > 3) }) }
/** Two audios, the second longer. */
const draws = [2400, 4000].map((length) => {
  const random = new Random('noise', length)
  const samples = Float32Array.from({ length }, () => 0.1 * random.normal())
  return { samples, turns: [{ question: '', answer: '', task: 'test' }] }
})

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const name of ['palRouted', 'plits', 'lal', 'flamingo'] as const) {
  const { encoders } = tinyConfig(integrations.palRouted)
  const config = { ...tinyConfig(integrations[name]), encoders }
  for (const { name: encoder } of config.encoders) {
    test(`${name}: what the ${encoder} encoder makes of an audio where it goes unheard changes no logit`, async () => {
      const [heard, unheard] = [{}, { unheard: encoder }]
      const logits = await forward(config, [unheard, heard], 1)
      const otherwise = await forward(config, [unheard, heard], 2, encoder)
      assert.deepEqual(logits[0], otherwise[0])
      assert.notDeepEqual(logits[1], otherwise[1])
      assert.ok(logits[0]?.every(Number.isFinite))
    })
  }
}

for (const name of ['lal', 'plits'] as const) {
  test(`${name}: an audio that is misheard as a longer one gives that one's logits, and that one its own`, async () => {
    const config = tinyConfig(integrations[name])
    const misheard = { misheard: { encoder: 'general', as: 1 } }
    const [first, second] = await forward(config, [misheard, {}], 1)
    assert.deepEqual(first, second)
    const [itself, other] = await forward(config, [{}, {}], 1)
    assert.deepEqual(other, second)
    assert.notDeepEqual(itself, first)
  })
}

for (const name of ['lal', 'plits', 'palRouted'] as const) {
  test(`${name}: what is heard stands one after the other, and the text behind it`, () => {
    const { encoders } = tinyConfig(integrations.palRouted)
    const config = { ...tinyConfig(integrations[name]), encoders }
    const [speech, general] = encoders.map((named) =>
      draws.map(({ samples }) => tokenCount(named, samples.length).audio),
    ) as [number[], number[]]
    const heard: readonly (readonly [Hearing, number, number])[] = [
      [{}, speech[0]!, general[0]!],
      [{ misheard: { encoder: 'speech', as: 1 } }, speech[1]!, general[0]!],
      [{ misheard: { encoder: 'general', as: 1 } }, speech[0]!, general[1]!],
      [{ unheard: 'speech' }, 0, general[0]!],
    ]
    for (const [hearing, ofSpeech, ofGeneral] of heard) {
      const { feeds, shape } = collate(draws, config, tokenizer, SAMPLES, undefined, [hearing])
      const first = (feed: string) =>
        [...(feeds[feed] as Float32Array | BigInt64Array)]
          .slice(0, feeds[feed]!.length / draws.length)
          .map(Number)
      const isHeard = (encoder: string) => first(`${encoder}.mask`).filter((value) => value !== MASKED).length
      assert.deepEqual([isHeard('speech'), isHeard('general')], [ofSpeech, ofGeneral])
      const text = first('positions').slice(-shape.textLength)
      assert.equal(text[0], ofSpeech + ofGeneral)
      if (name === 'lal') assert.equal(first('general.positions')[0], ofSpeech)
    }
  })
}

/** The logits of two audios' answers. @param seed of the weights of this encoder, connector included; the others are alike */
async function forward(
  config: ReturnType<typeof tinyConfig>,
  hearing: readonly Hearing[],
  seed: number,
  encoder?: string,
): Promise<readonly (readonly number[])[]> {
  const { shape, feeds, learnt } = collate(draws, config, tokenizer, SAMPLES, undefined, hearing)
  const own = `encoders.${encoder}.`
  const [usual, changed] = [tinyWeights(config, 1), tinyWeights(config, seed)]
  const { logits } = forwardGraph(config, shape)
  const program = await runtime.compile(
    { logits },
    { weights: (name) => (name.startsWith(own) ? changed : usual).get(name) },
  )
  const { outputs } = await program.run(feeds)
  await program.release()
  const { vocabularySize } = config.llm
  const all = [...(outputs.logits!.data as Float32Array)]
  const each = (learnt / 2) * vocabularySize
  return [all.slice(0, each), all.slice(each, 2 * each)]
}
