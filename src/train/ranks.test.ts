import assert from 'node:assert/strict'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { type Ranks, solitary } from '../parallel/ranks.js'
import { ranksOfOneProcess } from '../parallel/ranks.test.helper.js'
import { loadRecipe } from './recipe/load-recipe.js'
import { expectSame, sumOverRanks } from './sum-over-ranks.js'
import { onlyDigits, TINY_CHANGES, takeTokenizer, writeTinyRecordings } from './tiny-run.test.helper.js'
import { train } from './train.js'
import type { StepReport } from './trainer.js'
import { largestDifference } from './weights.test.helper.js'

let recordings: string
let output: string
before(async () => {
  recordings = await writeTinyRecordings()
  output = await mkdtemp(join(tmpdir(), 'pal-ranks-'))
})

async function run(name: string, accumulate: number, ranks: Ranks = solitary): Promise<void> {
  const stages = [0, 1, 2, 3, 4, 5].flatMap((i) => [
    `stages.${i}.steps=${i === 0 ? 2 : 1}`,
    `stages.${i}.accumulate=${accumulate}`,
    // The later ones learn as the third does: few shapes are enough.
    ...(i > 2 ? [onlyDigits(i)] : []),
  ])
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const loaded = await loadRecipe(recipe, [`data.root=${recordings}`, ...TINY_CHANGES, ...stages])
  await train(loaded, { folder: join(output, name), ranks, threads: 1 })
}

async function metrics(name: string): Promise<readonly StepReport[]> {
  const text = await readFile(join(output, name, 'metrics.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('two ranks train what one process with twice the micro-batches does, and either goes on with it', async (t) => {
  await Promise.all(ranksOfOneProcess(2).map((ranks) => run('two', 2, ranks)))
  await takeTokenizer(join(output, 'two'), join(output, 'one'))
  await run('one', 4)
  const difference = await largestDifference(join(output, 'two'), join(output, 'one'))
  t.diagnostic(
    `largest difference of weights, relative to their tensor's largest: ${difference.toExponential(1)}`,
  )
  // The sums have other orders, and AdamW divides by a gradient's size: what rounding leaves of one that is nearly zero moves its
  // weight, too. One weight differs by 1.05e-5 for that, all others by less than 3e-6.
  assert.ok(difference < 3e-5, `${difference}`)

  const [ours, theirs] = [await metrics('two'), await metrics('one')]
  for (const [i, { loss, gradientNorm }] of ours.entries()) {
    const apart = [loss / theirs[i]!.loss - 1, gradientNorm / theirs[i]!.gradientNorm - 1].map(Math.abs)
    assert.ok(Math.max(...apart) < 1e-5, `step ${i}: ${apart}`)
  }
  assert.deepEqual(
    ours.map(({ audios, learnt, step }) => ({ audios, learnt, step })),
    theirs.map(({ audios, learnt, step }) => ({ audios, learnt, step })),
  )

  await run('two', 4) // As one process: the same micro-batches a step.
  await assert.rejects(
    run('two', 2),
    /got 1 ranks instead of 2.*\nRanks × `accumulate` must stay.* with 2 ranks/,
  )
})

test('two ranks with one micro-batch each give the bits of one process with two', async () => {
  for (const name of ['single', 'double']) await takeTokenizer(join(output, 'two'), join(output, name))
  await Promise.all(ranksOfOneProcess(2).map((ranks) => run('single', 1, ranks)))
  await run('double', 2)
  const kept = async (name: string) => ({
    weights: await readFile(join(output, name, 'model', 'model.safetensors')),
    steps: (await metrics(name)).map(({ milliseconds: _, ...step }) => step),
  })
  assert.deepEqual(await kept('single'), await kept('double'))
})

test('gradients and totals are in one order, whatever order they came in, also where there is one process', async () => {
  const gradients = new Map([
    ['b', Float32Array.of(1)],
    ['aa', Float32Array.of(2)],
  ])
  const sums = await sumOverRanks(solitary, gradients, { loss: 0.5, audios: 1, seconds: 2, learnt: 3 })
  assert.deepEqual([...sums.gradients.keys()], ['aa', 'b'])
})

test('gradients and totals are summed in one order, whatever order a rank has them in', async () => {
  const of = (rank: number, names: readonly string[]) =>
    new Map(names.map((name) => [name, Float32Array.of(name.length + rank)]))
  const [first, second] = ranksOfOneProcess(2) as [Ranks, Ranks]
  const totals = { loss: 0.5, audios: 1, seconds: 2, learnt: 3 }
  const sums = await Promise.all([
    sumOverRanks(first, of(0, ['aa', 'b']), totals),
    sumOverRanks(second, of(1, ['b', 'aa']), totals),
  ])
  assert.deepEqual(sums[0], sums[1])
  assert.deepEqual(
    [...sums[0].gradients],
    [
      ['aa', Float32Array.of(5)],
      ['b', Float32Array.of(3)],
    ],
  )
  assert.deepEqual(sums[0].totals, { loss: 1, audios: 2, seconds: 4, learnt: 6 })
})

test('weights that have drifted apart end the run on every rank', async () => {
  const drifted = ranksOfOneProcess(2).map((ranks) =>
    expectSame(ranks, 'step 3 of stage 1', { flat: Float32Array.of(1, ranks.rank * 1e-7), step: 3 }, true),
  )
  for (const { status } of await Promise.allSettled(drifted)) assert.equal(status, 'rejected')
  await assert.rejects(
    drifted[0] as Promise<void>,
    /same recipe, place and weights on all 2 ranks at step 3 of stage 1.*\n.*The last checkpoint is kept\.$/,
  )
  const same = ranksOfOneProcess(2).map((ranks) =>
    expectSame(ranks, 'the start', { flat: Float32Array.of(1) }),
  )
  await Promise.all(same)
})
