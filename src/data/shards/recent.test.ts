import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from './recent.js'

test('what was used least recently goes first, and only when the rest is too heavy', async () => {
  const made: string[] = []
  const recent = new Recent<number>(10, (weight) => weight)
  const get = (key: string, weight: number) =>
    recent.get(key, async () => {
      made.push(key)
      return weight
    })
  await get('a', 4)
  await get('b', 4)
  await get('a', 4)
  await get('c', 4) // b goes.
  await get('a', 4)
  await get('b', 4) // c goes.
  assert.deepEqual(made, ['a', 'b', 'c', 'b'])
  await get('big', 99) // All others go, it stays.
  await get('big', 99)
  await get('a', 4)
  assert.deepEqual(made, ['a', 'b', 'c', 'b', 'big', 'a'])
})

test('what is being made is made once, and a failure is forgotten', async () => {
  let made = 0
  const recent = new Recent<number>(10, () => 1)
  const slow = async () => ++made
  assert.deepEqual(await Promise.all([recent.get('a', slow), recent.get('a', slow)]), [1, 1])
  await assert.rejects(
    recent.get('b', () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await recent.get('b', slow), 2)
})
