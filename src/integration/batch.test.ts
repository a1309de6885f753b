import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tokenCount } from '../model/network/token-count.js'
import { integrations, tinyConfig, tinyWeights } from '../model/tiny-model.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { collate } from '../train/collate.js'
import { forwardGraph } from '../train/training-graph.js'
import { largestDifference } from './tiny.test.helper.js'

const TOLERANCE = 1e-4

/** Recordings of different lengths, none a whole number of steps, and how many questions each is asked. */
const RECORDINGS = [
  { samples: 3000, questions: [4, 9] },
  { samples: 1170, questions: [12] },
  { samples: 210, questions: [2, 7] },
]

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 2 })
})
after(() => runtime.close())

for (const [name, integration] of Object.entries(integrations)) {
  test(`${name}: logits are the same alone and in a batch, in any order and with any padding`, async () => {
    const config = tinyConfig(integration)
    const weights = tinyWeights(config)

    /** For each recording, the logits of what follows every token of its questions. */
    const listen = async (order: readonly number[], extraSteps = 0) => {
      const { shape, feeds } = batchOf(order, extraSteps)
      const { logits } = forwardGraph(config, shape)
      const program = await runtime.compile({ logits }, { weights: (weight) => weights.get(weight) })
      const all = (await program.run(feeds)).outputs.logits?.data as Float32Array
      await program.release()
      let start = 0
      return new Map(
        order.map((recording) => {
          const end = start + sum(RECORDINGS[recording]!.questions) * config.llm.vocabularySize
          const part = all.subarray(start, end)
          start = end
          return [recording, part] as const
        }),
      )
    }
    const batchOf = (order: readonly number[], extraSteps: number) => {
      const draws = order.map((recording) => ({
        samples: noise(RECORDINGS[recording]!.samples),
        turns: RECORDINGS[recording]!.questions.map((length, question) => ({
          question: `${recording} ${question} ${length}`,
          answer: '',
          task: 'test',
        })),
      }))
      const longest = Math.max(...draws.map(({ samples }) => samples.length)) + extraSteps * 320
      const lengths = config.encoders.map((named) => tokenCount(named, longest).samples)
      return collate(draws, config, { chat }, Math.max(...lengths))
    }

    const expected = new Map<number, Float32Array>()
    for (const recording of RECORDINGS.keys()) {
      expected.set(recording, (await listen([recording])).get(recording)!)
    }
    for (const [order, extraSteps] of [
      [[0, 1, 2], 0],
      [[2, 0, 1], 3],
      [[1, 2], 5],
      [[2], 4],
    ] as const) {
      for (const [recording, logits] of await listen(order, extraSteps)) {
        const difference = largestDifference(logits, expected.get(recording)!)
        assert.ok(difference < TOLERANCE, `recording ${recording} of ${order}: ${difference}`)
      }
    }
  })
}

/** A question's tokens are drawn by its name; all of them are learnt. */
function chat([question]: readonly { readonly content: string }[]) {
  const length = Number(question?.content.split(' ')[2])
  const random = new Random(question?.content as string)
  return {
    ids: Array.from({ length: length + 1 }, () => random.integer(300)),
    learn: Array.from({ length: length + 1 }, (_, i) => i > 0),
  }
}

function noise(length: number): Float32Array {
  const random = new Random('noise', length)
  return Float32Array.from({ length }, () => random.uniform(-0.5, 0.5))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
