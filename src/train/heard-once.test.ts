import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { relativeError } from '../graph/parity.test.helper.js'
import type { ModelConfig } from '../model/config/config.js'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { collate } from './collate.js'
import type { Hearing } from './hearing.js'
import { trainingGraph } from './training-graph.js'

const SAMPLES = 5120

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** Two encoders, one of which makes half as many tokens, in every integration. */
const { encoders } = tinyConfig(integrations.palRouted)
const configs = Object.entries(integrations).map(
  ([name, integration]) => [name, { ...tinyConfig(integration), encoders }] as const,
)

for (const [name, config] of configs) {
  test(`${name}: two questions about an audio teach what they do about two of the same`, async () => {
    const [once, twice] = [
      await learnt(config, [draw(2400, 5, 9), draw(4000, 7)]),
      await learnt(config, [draw(2400, 5), draw(2400, 9), draw(4000, 7)]),
    ]
    assert.ok(relativeError(once.loss, twice.loss) < 1e-5)
    for (const [weight, gradient] of once.gradients) {
      const error = relativeError(gradient, twice.gradients.get(weight)!)
      assert.ok(error < 1e-4 || Math.max(...gradient.map(Math.abs)) < 1e-6, `${weight}: ${error}`)
    }
  })
}

for (const checkpointing of [false, 'gates', 'selective', true] as const) {
  test(`an encoder that no audio of a batch is heard by learns nothing, checkpointing ${checkpointing}`, async () => {
    const config = { ...tinyConfig(integrations.palRouted), encoders }
    const unheard: Hearing = { unheard: 'speech' }
    const { gradients } = await learnt(
      config,
      [draw(2400, 5), draw(4000, 7)],
      [unheard, unheard],
      checkpointing,
    )
    for (const [weight, gradient] of gradients) {
      assert.ok(gradient.every(Number.isFinite), weight)
      if (weight.startsWith('encoders.speech.')) assert.ok(!gradient.some(Boolean), weight)
    }
  })
}

/** An audio of so many samples, and questions of so many tokens about it. */
function draw(length: number, ...questions: readonly number[]) {
  const random = new Random('noise', length)
  return {
    samples: Float32Array.from({ length }, () => 0.1 * random.normal()),
    turns: questions.map((count) => ({ question: `${count}`, answer: '', task: 'test' })),
  }
}

/** A question's tokens are drawn by its length; the second half is learnt. */
const tokenizer = {
  chat([question]: readonly { readonly content: string }[]) {
    const length = Number(question!.content)
    const random = new Random('question', length)
    return {
      ids: Array.from({ length }, () => random.integer(300)),
      learn: Array.from({ length }, (_, i) => i > length / 2),
    }
  },
}

async function learnt(
  config: ModelConfig,
  draws: readonly ReturnType<typeof draw>[],
  hearing: readonly Hearing[] = [],
  checkpointing: boolean | 'gates' | 'selective' = false,
) {
  const { shape, feeds } = collate(draws, config, tokenizer, SAMPLES, undefined, hearing)
  const { loss, gradients } = trainingGraph(config, shape, { checkpointing, trained: () => true })
  const named = [...gradients].map(([name, gradient]) => [`gradient of ${name}`, gradient] as const)
  const outputsOf = { loss, ...Object.fromEntries(named) }
  const program = await runtime.compile(outputsOf, { purpose: 'training' })
  const { outputs } = await program.run({ ...feeds, ...Object.fromEntries(tinyWeights(config)) })
  await program.release()
  const data = (name: string) => outputs[name]!.data as Float32Array
  return {
    loss: data('loss'),
    gradients: new Map([...gradients.keys()].map((name) => [name, data(`gradient of ${name}`)])),
  }
}
