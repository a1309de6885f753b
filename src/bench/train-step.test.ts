import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LlamaConfig } from '../llm/config.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { multiplyAdds } from './count.js'
import { TrainStep, type TrainStepOptions, trainStepGraph } from './train-step.js'

const llm: LlamaConfig = {
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 4,
  feedForwardSize: 24,
  vocabularySize: 20,
  normEpsilon: 1e-5,
  ropeTheta: 100,
  tieEmbeddings: true,
}
const sizes = { llm, batch: 2, audioTokens: 8, featureSize: 12, textTokens: 5 }

for (const kind of ['lal', 'plits'] as const) {
  test(`${kind}: the step that is measured learns`, async () => {
    const options: TrainStepOptions = { ...sizes, integration: { kind } }
    const shapes = trainStepGraph(options).loss.graph.parameters
    const weights = (name: string) => {
      const random = new Random('weights', name)
      const shape = shapes.get(name)!.shape.map(Number)
      const count = shape.reduce((product, size) => product * size, 1)
      return Float32Array.from({ length: count }, () => random.normal() / Math.sqrt(shape.at(-1)!))
    }
    const runtime = await Runtime.start({ threads: 1 })
    try {
      const step = await TrainStep.compile(runtime, options, weights, weights)
      const first = await step.run()
      for (let i = 0; i < 8; i++) await step.run()
      assert.ok((await step.run()) < first)
    } finally {
      await runtime.close()
    }
  })
}

test('a step of LAL costs less than one of PLITS', () => {
  const cost = (kind: 'lal' | 'plits') => {
    const { loss, gradients } = trainStepGraph({ ...sizes, integration: { kind } })
    return multiplyAdds([loss, ...gradients])
  }
  assert.ok(cost('lal') < 0.75 * cost('plits'), `${cost('lal') / cost('plits')}`)
})
