import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { collate, drawEncoder, type Hearing } from './collate.js'
import { forwardGraph } from './training-graph.js'

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('an encoder is drawn as often as is said, and else none', () => {
  const random = new Random('dropout')
  const drawn = Array.from({ length: 4000 }, () => drawEncoder({ general: 0.5, speech: 0.1 }, random))
  const share = (name: string | undefined) => drawn.filter((one) => one === name).length / drawn.length
  assert.ok(Math.abs(share('general') - 0.5) < 0.03)
  assert.ok(Math.abs(share('speech') - 0.1) < 0.03)
  assert.equal(drawEncoder({ general: 0 }, random), undefined)
})

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

test("an audio that is misheard as another gives the other one's logits, and that one its own", async () => {
  const config = tinyConfig(integrations.lal)
  const misheard = { misheard: { encoder: 'general', as: 1 } }
  const [first, second] = await forward(config, [misheard, {}], 1)
  assert.deepEqual(first, second)
  const [itself, other] = await forward(config, [{}, {}], 1)
  assert.deepEqual(other, second)
  assert.notDeepEqual(itself, first)
})

/** The logits of two audios' answers. @param seed of the weights of this encoder, connector included; the others are alike */
async function forward(
  config: ReturnType<typeof tinyConfig>,
  hearing: readonly Hearing[],
  seed: number,
  encoder?: string,
): Promise<readonly (readonly number[])[]> {
  const ids = [5, 40, 41, 7, 299, 120, 3, 3]
  const tokenizer = { chat: () => ({ ids, learn: ids.map((_, i) => i > 3) }) }
  const turns = [{ question: '', answer: '', task: 'test' }]
  const draws = [1, 2].map((audio) => ({ samples: noise(audio), turns }))
  const { shape, feeds, learnt } = collate(draws, config, tokenizer, 5120, undefined, hearing)
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

function noise(seed: number): Float32Array {
  const random = new Random('noise', seed)
  return Float32Array.from({ length: 4000 }, () => 0.1 * random.normal())
}
