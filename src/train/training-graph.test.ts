import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readReference, relativeError } from '../graph/parity.test.helper.js'
import type { Checkpointing } from '../llm/decoder.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import { Runtime } from '../runtime/runtime.js'
import { collate } from './collate.js'
import { trainingGraph } from './training-graph.js'

/**
 * Loss and the gradient of every weight against PyTorch, which takes one conversation at a time, in float64 and
 * without padding (reference/gradients.py); here they are one padded batch.
 */
const TOLERANCE = 1e-4

interface Conversation {
  readonly audio: number
  readonly ids: readonly number[]
  readonly learn: readonly boolean[]
}

const reference = await readReference('train/training-graph.test.safetensors')
const cases = JSON.parse(reference.metadata.cases as string) as Record<string, ModelConfig>
const conversations = JSON.parse(reference.metadata.conversations as string) as readonly Conversation[]

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const [name, config] of Object.entries(cases)) {
  for (const checkpointing of [false, 'gates', 'selective', true] as const) {
    test(`${name}, checkpointing ${checkpointing}: loss and gradients are PyTorch's`, async (t) => {
      const { loss, gradients } = await step(config, checkpointing)
      assert.ok(relativeError(loss, numbers(`${name}/loss`)) < TOLERANCE, `loss ${loss}`)
      let largest = 0
      for (const [weight, gradient] of gradients) {
        // A softmax does not see what is added to all of its scores: the gradient of a key's bias is zero.
        if (weight.endsWith('key.bias')) {
          assert.ok(Math.max(...gradient.map(Math.abs)) < 1e-6, weight)
          continue
        }
        const error = relativeError(gradient, numbers(`${name}/gradients/${weight}`))
        assert.ok(error < TOLERANCE, `${weight}: ${error}`)
        largest = Math.max(largest, error)
      }
      t.diagnostic(`largest relative error ${largest.toExponential(1)}`)
      const expected = [...reference.tensors.keys()].filter((key) => key.startsWith(`${name}/gradients/`))
      assert.equal(gradients.size, expected.length)
    })
  }
}

async function step(config: ModelConfig, checkpointing: Checkpointing) {
  const { shape, feeds } = batch(config)
  const graph = trainingGraph(config, shape, { checkpointing, trained: () => true })
  const wanted = [...graph.gradients].map(([name, gradient]) => [`gradient of ${name}`, gradient] as const)
  const outputsOf = { loss: graph.loss, ...Object.fromEntries(wanted) }
  const program = await runtime.compile(outputsOf, { purpose: 'training' })
  const weights = [...graph.loss.graph.parameters.keys()].map(
    (name) => [name, numbers(`weights/${name}`)] as const,
  )
  const { outputs } = await program.run({ ...feeds, ...Object.fromEntries(weights) })
  await program.release()
  const gradients = new Map(
    [...graph.gradients.keys()].map((name) => [name, outputs[`gradient of ${name}`]?.data as Float32Array]),
  )
  return { loss: outputs.loss?.data, gradients }
}

/** The reference's conversations, collated: a question is its number, and its tokens are the reference's. */
function batch(config: ModelConfig) {
  const draws = [0, 1].map((audio) => ({
    samples: numbers(`waveforms.${audio}`),
    turns: [...conversations.entries()]
      .filter(([, conversation]) => conversation.audio === audio)
      .map(([i]) => ({ question: String(i), answer: '', task: 'test' })),
  }))
  const tokenizer = {
    chat: ([question]: readonly { readonly content: string }[]) =>
      conversations[Number(question?.content)] as Conversation,
  }
  const longest = Math.max(...draws.map(({ samples }) => samples.length))
  const lengths = config.encoders.map((named) => tokenCount(named, longest).samples)
  return collate(draws, config, tokenizer, Math.max(...lengths))
}

function numbers(name: string): Float32Array {
  const tensor = reference.tensors.get(name)
  if (!tensor) throw new Error(`the reference has no "${name}"`)
  return tensor.data
}
