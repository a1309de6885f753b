import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MASKED } from '../nn/attention.js'
import { LLAMA_SIZES } from './config.js'
import { cacheInput, KeyValueCache, type KeyValueRows } from './kv-cache.js'

const config = {
  ...LLAMA_SIZES['smollm2-135m'],
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  headSize: 2,
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
  const mask = cache.arena.get(cacheInput.mask(0))
  assert.ok(mask.length >= total && mask.length % 128 === 0)
  assert.ok(mask.every((value, i) => value === (i < total ? 0 : MASKED)))
  assert.ok(cache.arena.get(cacheInput.mask(1)).every((value) => value === MASKED))
})

test('layers of a group have one mask, and equally many rows', () => {
  const cache = KeyValueCache.empty(config)
  cache.append([rows(0, 3), rows(10, 3)])
  assert.equal(cache.arena.entries.has(cacheInput.mask(1)), false)
  assert.equal(cache.writes(1).zeros.length, 2)
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

test('room that was asked for is filled without a copy', () => {
  const cache = KeyValueCache.empty(config, [[]], EACH)
  cache.append([rows(0, 0), rows(0, 0)], 0, 1000)
  assert.ok(cache.hasRoom(1000) && !cache.hasRoom(2000))
  const { arena } = cache
  for (let total = 0; total < 1000; total += 100) cache.append([rows(total, 100), rows(total, 100)])
  assert.equal(cache.arena, arena)
  assert.deepEqual(cache.rows(1), rows(0, 1000))
})

test('rows that a run writes are those that are appended', () => {
  const length = 3
  const [written, appended] = [0, 1].map(() => {
    const one = KeyValueCache.empty(config, [[]], EACH)
    one.append([rows(0, 5), rows(0, 2)])
    return one
  }) as [KeyValueCache, KeyValueCache]
  const layers = [rows(50, length), rows(80, length)]
  const outputs: Record<string, Float32Array> = {
    keys: Float32Array.from(layers.flatMap(({ keys }) => [...keys])),
    values: Float32Array.from(layers.flatMap(({ values }) => [...values])),
  }
  const { copies, zeros } = written.writes(length)
  const { flat } = written.arena
  for (const [name, stretches] of Object.entries(copies)) {
    for (let i = 0; i < stretches.length; i += 3) {
      const [from, to, size] = stretches.subarray(i, i + 3) as unknown as [number, number, number]
      flat.set(outputs[name]!.subarray(from, from + size), to)
    }
  }
  for (let i = 0; i < zeros.length; i += 2) flat.fill(0, zeros[i], zeros[i]! + zeros[i + 1]!)
  written.advance(length)
  appended.append(layers)
  assert.deepEqual(written.lengths(), appended.lengths())
  assert.deepEqual(written.arena.flat, appended.arena.flat)
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
    const mask = cache.arena.get(cacheInput.mask(0))
    const capacity = mask.length / cache.sequences
    const own = mask.subarray(sequence * capacity, (sequence + 1) * capacity)
    assert.ok(own.every((value, i) => value === (i < length + 130 ? 0 : MASKED)))
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
  const keys = Float32Array.from({ length: 2 * length * 2 }, (_, i) => {
    const head = Math.floor(i / (length * 2))
    return 1000 * head + start + (Math.floor(i / 2) % length)
  })
  return { keys, values: keys.map((value) => -value), length }
}
