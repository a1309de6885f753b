import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { LlamaConfig } from '../llm/config.js'
import { isMatrix } from '../model/network/matrices.js'
import { Random } from '../random.js'
import { Runtime, type WeightSource } from '../runtime/runtime.js'
import { BLOCK_SIZE, fromBlocks, toBlocks } from '../weights/blocks.js'
import { multiplyAdds } from './count.js'
import { TrainStep, type TrainStepOptions, trainStepGraph } from './train-step.js'

const llm: LlamaConfig = {
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  feedForwardSize: 64,
  vocabularySize: 20,
  normEpsilon: 1e-5,
  ropeTheta: 100,
  tieEmbeddings: true,
}
const sizes = { llm, batch: 2, questions: 1, audioTokens: 8, featureSize: 12, textTokens: 5 }

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** The losses of the first steps. */
async function losses(options: TrainStepOptions, steps: number, frozen: (name: string) => WeightSource) {
  const step = await TrainStep.compile(runtime, options, frozen, weightsOf(options))
  const losses: number[] = []
  for (let i = 0; i < steps; i++) losses.push(await step.run())
  return losses
}

function weightsOf(options: TrainStepOptions): (name: string) => Float32Array {
  const shapes = trainStepGraph(options).loss.graph.parameters
  return (name) => {
    const random = new Random('weights', name)
    const shape = shapes.get(name)!.shape.map(Number)
    const count = shape.reduce((product, size) => product * size, 1)
    return Float32Array.from({ length: count }, () => random.normal() / Math.sqrt(shape.at(-1)!))
  }
}

for (const kind of ['lal', 'plits'] as const) {
  const options: TrainStepOptions = { ...sizes, integration: { kind } }
  const weights = weightsOf(options)

  test(`${kind}: the step that is measured learns`, async () => {
    const [first, ...others] = await losses(options, 10, weights)
    assert.ok(others.at(-1)! < first!)
  })

  test(`${kind}: several questions about an audio are learnt together`, async () => {
    const [first, ...others] = await losses({ ...options, questions: 3 }, 10, weights)
    assert.ok(others.at(-1)! < first!)
  })

  test(`${kind}: beside blocks it learns what it does beside the numbers that they stand for`, async () => {
    for (const bits of [4, 8] as const) {
      const blocksOf = (name: string) => isMatrix(name) && toBlocks(weights(name), bits)
      const [inBlocks, rounded] = await Promise.all([
        losses({ ...options, checkpointing: 'selective' }, 3, (name) => {
          const blocks = blocksOf(name)
          return blocks ? { bits, blockSize: BLOCK_SIZE, ...blocks } : weights(name)
        }),
        losses(options, 3, (name) => {
          const blocks = blocksOf(name)
          return blocks ? fromBlocks(blocks, bits) : weights(name)
        }),
      ])
      for (const [i, loss] of rounded.entries())
        assert.ok(Math.abs(inBlocks[i]! / loss - 1) < 1e-5, `${loss}`)
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
