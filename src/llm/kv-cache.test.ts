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

test('rows go behind those of each head, also when the cache grows', () => {
  const cache = new KeyValueCache(config)
  let total = 0
  for (const length of [3, 1, 130, 1, 260]) {
    cache.append([rows(total, length), undefined])
    total += length
  }
  assert.deepEqual(cache.lengths, [total, 0])
  assert.deepEqual(cache.rows(0), rows(0, total))
  const mask = cache.arena.get(cacheInput.mask(0))
  assert.ok(mask.length >= total && mask.length % 128 === 0)
  assert.ok(mask.every((value, i) => value === (i < total ? 0 : MASKED)))
  assert.ok(cache.arena.get(cacheInput.mask(1)).every((value) => value === MASKED))
})

test('what gated blocks attend to stays as the cache grows', () => {
  const cross = { keys: new Float32Array(8).fill(3), values: new Float32Array(8).fill(4), length: 2 }
  const cache = new KeyValueCache(config, [undefined, cross])
  cache.append([rows(0, 200), rows(0, 200)])
  assert.deepEqual([...cache.arena.get(cacheInput.crossKeys(1))], [...cross.keys])
  assert.deepEqual([...cache.arena.get(cacheInput.crossValues(1))], [...cross.values])
  assert.equal(cache.arena.entries.has(cacheInput.crossKeys(0)), false)
})

/** Rows that tell their number and head: [head, row, dimension] → 1000·head + row. */
function rows(start: number, length: number): KeyValueRows {
  const keys = Float32Array.from({ length: 2 * length * 2 }, (_, i) => {
    const head = Math.floor(i / (length * 2))
    return 1000 * head + start + (Math.floor(i / 2) % length)
  })
  return { keys, values: keys.map((value) => -value), length }
}
