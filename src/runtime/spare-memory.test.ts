import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { SpareMemory } from './spare-memory.js'

test('what came back is given again, unless it is too small or more than a quarter larger', () => {
  const spare = new SpareMemory()
  const memory = new ArrayBuffer(1000)
  spare.give(memory)
  assert.notEqual(spare.take(1001), memory)
  assert.notEqual(spare.take(799), memory)
  assert.equal(spare.take(800), memory)
  assert.notEqual(spare.take(800), memory)
})

test('no more lies idle than may, and what came first goes', () => {
  const spare = new SpareMemory(1000)
  const [first, second, third, large] = [400, 400, 400, 2000].map((bytes) => new ArrayBuffer(bytes))
  for (const buffer of [first!, second!, third!, large!]) spare.give(buffer)
  assert.notEqual(spare.take(2000), large)
  assert.equal(spare.take(400), third)
  assert.equal(spare.take(400), second)
  assert.notEqual(spare.take(400), first)
})

test('what nobody takes is let go of', async () => {
  const spare = new SpareMemory(1000, 10)
  const memory = new ArrayBuffer(400)
  spare.give(memory)
  await setTimeout(100)
  assert.notEqual(spare.take(400), memory)
})
