import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MASKED } from '../nn/attention.js'
import { LLAMA_SIZES } from './config.js'
import { cacheInput, KeyValueCache, type KeyValueRows } from './kv-cache.js'

const SIZE = 8

const config = {
  ...LLAMA_SIZES['smollm2-135m'],
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  headSize: SIZE,
  hiddenSize: 4,
}

/** Layers that may differ in length. */
const EACH = [0, 1]

test('rows go behind those of each head, also when the cache grows', () => {
  const cache = KeyValueCache.empty(config, [[]], EACH)
  let total = 0
  for (const length of [3, 1, 130, 1, 260]) {
    cache.append([rows(total, length), undefined])
    total += length
  }
  assert.deepEqual(cache.lengths(), [total, 0])
  assert.deepEqual(cache.rows(0), rows(0, total))
  const [, , capacity] = cache.arena.entry(cacheInput.keys(0)).shape as [number, number, number]
  assert.ok(capacity >= total && capacity % 128 === 0)
})

test('a run is told once for each group of layers how many rows there will be', () => {
  const cache = KeyValueCache.empty(config)
  cache.append([rows(0, 3), rows(10, 3)])
  assert.deepEqual(cache.rowCounts(2), {
    [cacheInput.lastRow(0)]: { data: Int32Array.of(4), dims: [1] },
    [cacheInput.totalRows(0)]: { data: Int32Array.of(5), dims: [] },
  })
  assert.throws(() => cache.append([rows(0, 2), undefined]), /layer 1 has 0 rows, its group 2/)
})

test('what gated blocks attend to stays as the cache grows', () => {
  const cross = { keys: new Float32Array(8).fill(3), values: new Float32Array(8).fill(4), length: 2 }
  const cache = KeyValueCache.empty(config, [[undefined, cross]])
  cache.append([rows(0, 200), rows(0, 200)])
  assert.deepEqual([...cache.arena.get(cacheInput.crossKeys(1))], [...cross.keys])
  assert.deepEqual([...cache.arena.get(cacheInput.crossValues(1))], [...cross.values])
  assert.equal(cache.arena.entries.has(cacheInput.crossKeys(0)), false)
})

test('several sequences have as many rows as each, and the longest counts', () => {
  const single = [5, 2].map((length) => {
    const cache = KeyValueCache.empty(config, [[]], EACH)
    cache.append([rows(0, length), rows(0, 1)])
    return cache
  })
  assert.deepEqual(KeyValueCache.join(single).rowCounts(1), {
    [cacheInput.lastRow(0)]: { data: Int32Array.of(5, 2), dims: [2] },
    [cacheInput.totalRows(0)]: { data: Int32Array.of(6), dims: [] },
    [cacheInput.lastRow(1)]: { data: Int32Array.of(1, 1), dims: [2] },
    [cacheInput.totalRows(1)]: { data: Int32Array.of(2), dims: [] },
  })
})

test('room that was asked for is filled without a copy', async () => {
  const cache = KeyValueCache.empty(config, [[]], EACH)
  cache.append([rows(0, 0), rows(0, 0)], 0, 1000)
  const { arena } = cache
  await cache.reserve(1000)
  assert.equal(cache.arena, arena)
  for (let total = 0; total < 1000; total += 100) cache.append([rows(total, 100), rows(total, 100)])
  assert.equal(cache.arena, arena)
  assert.deepEqual(cache.rows(1), rows(0, 1000))
  await cache.reserve(1000)
  assert.notEqual(cache.arena, arena)
  assert.deepEqual(cache.rows(1), rows(0, 1000))
})

test('caches of different lengths join, go on, and part again', () => {
  const lengths = [5, 200, 1]
  const single = lengths.map((length) => {
    const cache = KeyValueCache.empty(config, [[]], EACH)
    cache.append([rows(0, length), rows(7, 2)])
    return cache
  })
  const together = KeyValueCache.join(single)
  for (let step = 0; step < 130; step++) {
    for (const [sequence, length] of lengths.entries()) {
      together.append([rows(length + step, 1), undefined], sequence)
    }
  }
  const part = together.only([2, 0])
  assert.equal(part.sequences, 2)
  for (const [cache, sequence, length] of [
    [together, 0, 5],
    [together, 1, 200],
    [part, 0, 1],
    [part, 1, 5],
  ] as const) {
    assert.deepEqual(cache.lengths(sequence), [length + 130, 2])
    assert.deepEqual(cache.rows(0, sequence), rows(0, length + 130))
    assert.deepEqual(cache.rows(1, sequence), rows(7, 2))
  }
})

test('gated blocks of several sequences attend to as much as each has', () => {
  const cross = (length: number): KeyValueRows => ({
    keys: new Float32Array(4 * length).fill(length),
    values: new Float32Array(4 * length).fill(-length),
    length,
  })
  const cache = KeyValueCache.join([1, 3].map((length) => KeyValueCache.empty(config, [[cross(length)]])))
  const keys = cache.arena.get(cacheInput.crossKeys(0))
  assert.deepEqual([...keys.subarray(0, 12)], [1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0])
  assert.ok(keys.subarray(12).every((value) => value === 3))
  assert.deepEqual(
    [...cache.arena.get(cacheInput.crossMask(0))],
    [0, MASKED, MASKED, 0, 0, 0].map(Math.fround),
  )
})

test('to join, to part and to grow make one arena each, and no more', () => {
  const single = KeyValueCache.empty(LLAMA_SIZES['smollm2-135m'])
  const joined = KeyValueCache.join([single, single, single, single])
  const size = joined.arena.flat.byteLength
  const whileMaking = (make: () => KeyValueCache) => {
    const before = process.memoryUsage().arrayBuffers
    const made = make().arena.flat.byteLength
    return (process.memoryUsage().arrayBuffers - before) / made
  }
  assert.ok(whileMaking(() => KeyValueCache.join([single, single, single, single])) < 1.1)
  assert.ok(whileMaking(() => joined.only([2, 0, 1, 3])) < 1.1)
  const growing = () => {
    joined.append([], 0, 200)
    return joined
  }
  assert.ok(whileMaking(growing) < 1.1)
  assert.ok(joined.arena.flat.byteLength > size)
})

/** Rows that tell their number and head: [head, row, dimension] → 1000·head + row. */
function rows(start: number, length: number): KeyValueRows {
  const keys = Float32Array.from({ length: 2 * length * SIZE }, (_, i) => {
    const head = Math.floor(i / (length * SIZE))
    return 1000 * head + start + (Math.floor(i / SIZE) % length)
  })
  return { keys, values: keys.map((value) => -value), length }
}
