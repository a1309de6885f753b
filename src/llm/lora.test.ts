import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gather } from '../graph/gather.js'
import { gradients } from '../graph/gradients.js'
import { crossEntropy } from '../graph/loss.js'
import { readReference, relativeError } from '../graph/parity.test.helper.js'
import { mean } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { Graph } from '../graph/tensor.js'
import { MASKED } from '../nn/attention.js'
import { isLora, type LoraConfig } from '../nn/lora.js'
import { type Drawn, Scope } from '../nn/scope.js'
import { Runtime } from '../runtime/runtime.js'
import { initialise } from '../train/initialise.js'
import type { LlamaConfig } from './config.js'
import { Decoder } from './decoder.js'
import { rotaryTables } from './rotary-tables.js'

/** What PEFT makes of these adaptations of a tiny Llama, in float64 (reference/lora.py). */
const TOLERANCE = 1e-4

interface PeftConfig {
  readonly r: number
  readonly lora_alpha: number
  readonly target_modules: readonly string[]
}

const reference = await readReference('llm/lora.test.safetensors')
const cases = JSON.parse(reference.metadata.cases as string) as Record<string, PeftConfig>
const ids = JSON.parse(reference.metadata.ids as string) as readonly (readonly number[])[]
const [ROWS, TIME] = [ids.length, ids[0]!.length]

const config: LlamaConfig = {
  ...{ hiddenSize: 16, layers: 2, heads: 4, keyValueHeads: 2, headSize: 4, feedForwardSize: 20 },
  ...{ vocabularySize: 24, normEpsilon: 1e-5, ropeTheta: 100, tieEmbeddings: true },
}

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const [name, peft] of Object.entries(cases)) {
  const lora = {
    rank: peft.r,
    alpha: peft.lora_alpha,
    on: peft.target_modules.map((module) => `llm.model.layers.*.${module}`),
  }

  test(`LoRA, ${name}: logits, loss and the gradients of A and B are PEFT's`, async (t) => {
    const { logits, loss, gradientOf } = await step(name, lora)
    const errors = [
      relativeError(logits, numbers(`${name}/logits`)),
      relativeError(loss, numbers(`${name}/loss`)),
    ]
    const expected = [...reference.tensors.keys()].filter((key) => key.startsWith(`${name}/gradients/`))
    assert.deepEqual(
      [...gradientOf.keys()].map((weight) => `${name}/gradients/${weight}`).sort(),
      expected.sort(),
    )
    for (const [weight, gradient] of gradientOf) {
      errors.push(relativeError(gradient, numbers(`${name}/gradients/${weight}`)))
    }
    const largest = Math.max(...errors)
    t.diagnostic(`largest relative error ${largest.toExponential(1)}`)
    assert.ok(largest < TOLERANCE, `${errors}`)
  })

  test(`LoRA, ${name}: begins as PEFT's does`, () => {
    const { scope } = forward(lora)
    for (const [weight, initial] of [...scope.initials].filter(([weight]) => isLora(weight))) {
      const theirs = numbers(`${name}/fresh/${weight}`)
      const ours = new Float32Array(theirs.length)
      initialise(ours, weight, initial as Drawn, 1)
      if (weight.endsWith('lora_B.weight')) {
        assert.deepEqual(ours, theirs, 'B is zero')
        continue
      }
      const bound = 1 / Math.sqrt(theirs.length / lora.rank)
      for (const numbers of [theirs, ours]) {
        const largest = Math.max(...numbers.map(Math.abs))
        assert.ok(largest <= bound && largest > 0.8 * bound, `${weight}: ${largest} of ${bound}`)
      }
    }
  })
}

function forward(lora: LoraConfig) {
  const graph = new Graph()
  const scope = new Scope(graph, lora)
  const decoder = new Decoder(scope.in('llm'), config)
  const { cosine, sine } = rotaryTables(config, [...Array(TIME).keys()])
  const shape = [TIME, config.headSize / 2]
  const hidden = Float32Array.from({ length: TIME * TIME }, (_, i) =>
    i % TIME > Math.floor(i / TIME) ? MASKED : 0,
  )
  const whole = (values: readonly number[]) => BigInt64Array.from(values, BigInt)
  const indices = whole(ids.flatMap((row) => row.map((_, i) => i)))
  const { states } = decoder.run(decoder.embed(graph.constant(whole(ids.flat()), [ROWS, TIME])), {
    positions: {
      indices: graph.constant(indices, [ROWS, TIME]),
      cosine: graph.constant(cosine, shape),
      sine: graph.constant(sine, shape),
    },
    mask: graph.constant(hidden, [1, 1, 1, TIME, TIME]),
  })
  const logits = reshape(decoder.logits(states), [ROWS * TIME, config.vocabularySize])
  const followed = ids.flatMap((row, r) => row.slice(1).map((_, i) => r * TIME + i))
  const next = ids.flatMap((row) => row.slice(1))
  const seen = gather(logits, graph.constant(whole(followed), [followed.length]))
  const loss = mean(crossEntropy(seen, graph.constant(whole(next), [next.length])), [0])
  return { graph, scope, logits, loss }
}

async function step(name: string, lora: LoraConfig) {
  const { graph, logits, loss } = forward(lora)
  const adapted = [...graph.parameters].filter(([weight]) => isLora(weight))
  const found = gradients(
    loss,
    adapted.map(([, parameter]) => parameter),
  )
  const wanted = Object.fromEntries(adapted.map(([weight], i) => [`gradient of ${weight}`, found[i]!]))
  const program = await runtime.compile({ logits, loss, ...wanted }, { purpose: 'training' })
  const weights = [...graph.parameters.keys()].map(
    (weight) => [weight, numbers(`${name}/weights/${weight}`)] as const,
  )
  const { outputs } = await program.run(Object.fromEntries(weights))
  await program.release()
  const gradientOf = new Map(
    adapted.map(([weight]) => [weight, outputs[`gradient of ${weight}`]?.data as Float32Array]),
  )
  return { logits: outputs.logits?.data, loss: outputs.loss?.data, gradientOf }
}

function numbers(name: string): Float32Array {
  const tensor = reference.tensors.get(name)
  if (!tensor) throw new Error(`the reference has no "${name}"`)
  return tensor.data
}
