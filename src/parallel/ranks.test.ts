import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gather, onAnyRank, type Ranks, rankZeroFirst, solitary } from './ranks.js'
import { ranksOfOneProcess } from './ranks.test.helper.js'

const onAll = <T>(size: number, task: (ranks: Ranks) => Promise<T>) =>
  Promise.all(ranksOfOneProcess(size).map(task))

test('alone, everything is as without ranks', async () => {
  const numbers = Float32Array.of(1, 2)
  await solitary.sum(numbers)
  assert.deepEqual(numbers, Float32Array.of(1, 2))
  assert.deepEqual(await gather(solitary, Number.NaN), [Number.NaN])
  assert.equal(await rankZeroFirst(solitary, async () => 3), 3)
  assert.equal(await onAnyRank(solitary, true), true)
})

test('what each rank says comes to all of them, in order', async () => {
  const said = ['', 'zwölf', { long: 'x'.repeat(1000) }]
  const heard = await onAll(3, (ranks) => gather(ranks, said[ranks.rank]))
  assert.deepEqual(heard, [said, said, said])
})

test('rank 0 does it first', async () => {
  const order: number[] = []
  await onAll(3, (ranks) =>
    rankZeroFirst(ranks, async () => {
      if (ranks.rank === 0) await new Promise((resolve) => setTimeout(resolve, 10))
      order.push(ranks.rank)
    }),
  )
  assert.equal(order[0], 0)
  assert.equal(order.length, 3)
})

test('one rank that wants to stop is enough', async () => {
  assert.deepEqual(await onAll(2, (ranks) => onAnyRank(ranks, ranks.rank === 1)), [true, true])
  assert.deepEqual(await onAll(2, (ranks) => onAnyRank(ranks, false)), [false, false])
})
