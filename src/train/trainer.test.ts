import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PalError } from '../errors.js'
import { tinyConfig } from '../model/tiny-model.js'
import { solitary } from '../parallel/ranks.js'
import type { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { AdamW } from './adamw.js'
import { DrawFailure } from './batches.js'
import { objective } from './objective.js'
import { startingWeights } from './parameters.js'
import type { TimedStage } from './timed-stage.js'
import { runStage, type StepReport } from './trainer.js'

const config = tinyConfig()
const labels = ['bell', 'dog']
const tokenizer = {
  chat: () => ({ ids: [], learn: [] }),
  encode: () => [],
}

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('a batch that cannot be drawn is told after the step before, and not at all if no step needs it', async () => {
  for (const accumulate of [1, 2]) {
    const told = await steps({ steps: 6, accumulate, failing: 3 * accumulate })
    assert.equal(told.reports.length, 3)
    assert.ok(told.error instanceof DrawFailure)
    assert.match((told.error.cause as Error).message, /no batch 3|no batch 6/)
    assert.equal(told.updates, 3)
    const whole = await steps({ steps: 3, accumulate, failing: 3 * accumulate })
    assert.equal(whole.error, undefined)
    assert.deepEqual(whole.losses, told.losses)
  }
})

test('a step that a batch is missing in changes nothing', async () => {
  const told = await steps({ steps: 6, accumulate: 2, failing: 5 })
  assert.equal(told.reports.length, 2)
  assert.equal(told.updates, 2)
  assert.deepEqual(told.weights, (await steps({ steps: 2, accumulate: 2, failing: 5 })).weights)
})

test('the first batch may be the one', async () => {
  const told = await steps({ steps: 1, accumulate: 1, failing: 0 })
  assert.ok(told.error instanceof DrawFailure)
  assert.deepEqual(told.reports, [])
})

/** Trains encoder and classifiers. @param failing the number of the batch that cannot be drawn */
async function steps({ failing, ...counts }: { steps: number; accumulate: number; failing: number }) {
  const stage: TimedStage = {
    name: 'labels',
    objective: 'labels',
    hears: 'train',
    trained: ['encoders.*.encoder.*', 'heads.*'],
    learningRate: 0.01,
    warmup: 0,
    finalRate: 1,
    weightDecay: 0,
    clip: 1,
    checkpointing: false,
    batches: [{ seconds: 0.64, audios: 1, questions: 1, weight: 1, mix: { noises: 1 } }],
    ...counts,
  }
  let drawn = 0
  const drawWithin = (random: Random) => {
    if (drawn++ === failing) throw new PalError(`no batch ${failing}`)
    const samples = Float32Array.from({ length: 4000 }, () => 0.1 * random.normal())
    return { samples, turns: [], sounds: [{ label: 'dog', startSeconds: 0, endSeconds: 0.5 }] }
  }
  const weights = await startingWeights(
    config,
    { encoders: new Map() },
    { seed: 1, labels, isOwn: () => true },
  )
  const optimizer = new AdamW(weights.own.flat.length)
  const reports: StepReport[] = []
  let error: unknown
  try {
    const options = {
      ...{ config, stage, seed: 1, runtime, optimizer, ranks: solitary },
      sourceOf: () => ({ name: 'noises', sampleRate: 8000, check() {}, drawWithin, draw: drawWithin }),
      objective: objective('labels', config, tokenizer, labels),
      parameters: weights.own,
      frozen: weights.frozen,
    }
    for await (const report of runStage(options, 0)) reports.push(report)
  } catch (thrown) {
    error = thrown
  }
  const losses = reports.map(({ loss }) => loss)
  return { reports, losses, error, updates: optimizer.steps, weights: weights.own.flat }
}
