import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MASKED } from '../nn/attention.js'
import { SpareMemory } from '../runtime/spare-memory.js'
import { LLAMA_SIZES } from './config.js'
import { cacheInput, type EmptyCacheOptions, KeyValueCache } from './kv-cache.js'

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

test('rows stay behind those of each head when the cache grows', async () => {
  const cache = await filled([0, 0])
  let total = 0
  for (const length of [3, 1, 130, 1, 260]) {
    await write(cache, [length, 0])
    total += length
  }
  assert.deepEqual(cache.lengths(), [total, 0])
  assert.deepEqual(read(cache, 0), rows(0, total))
  const [, , capacity] = cache.arena.entry(cacheInput.keys(0)).shape as [number, number, number]
  assert.ok(capacity >= total && capacity % 128 === 0)
})

test('a run is told once for each group of layers how many rows there will be', async () => {
  const cache = await filled([3, 3], { groups: [0, 0] })
  assert.throws(() => cache.advance([2, 1]), /layer 1 has 1 rows more, its group 2/)
  assert.deepEqual(cache.rowCounts(2), {
    [cacheInput.lastRow(0)]: { data: Int32Array.of(4), dims: [1] },
    [cacheInput.totalRows(0)]: { data: Int32Array.of(5), dims: [] },
  })
})

test('what gated blocks attend to stays as the cache grows', async () => {
  const cache = KeyValueCache.empty(config, { cross: [undefined, 2] })
  cache.arena.get(cacheInput.crossKeys(1)).fill(3)
  cache.arena.get(cacheInput.crossValues(1)).fill(4)
  await write(cache, [200, 200])
  assert.deepEqual([...cache.arena.get(cacheInput.crossKeys(1))], new Array(8).fill(3))
  assert.deepEqual([...cache.arena.get(cacheInput.crossValues(1))], new Array(8).fill(4))
  assert.equal(cache.arena.entries.has(cacheInput.crossKeys(0)), false)
})

test('several sequences have as many rows as each, and the longest counts', async () => {
  const single = await Promise.all([5, 2].map((length) => filled([length, 1])))
  assert.deepEqual(KeyValueCache.join(single).rowCounts(1), {
    [cacheInput.lastRow(0)]: { data: Int32Array.of(5, 2), dims: [2] },
    [cacheInput.totalRows(0)]: { data: Int32Array.of(6), dims: [] },
    [cacheInput.lastRow(1)]: { data: Int32Array.of(1, 1), dims: [2] },
    [cacheInput.totalRows(1)]: { data: Int32Array.of(2), dims: [] },
  })
})

test('room that there is from the start is filled without a copy', async () => {
  const cache = KeyValueCache.empty(config, { groups: EACH, capacities: [1000, 1000] })
  const { arena } = cache
  await cache.reserve(1000)
  for (let total = 0; total < 1000; total += 100) await write(cache, [100, 100])
  assert.equal(cache.arena, arena)
  assert.deepEqual(read(cache, 1), rows(0, 1000))
  await cache.reserve(1)
  assert.notEqual(cache.arena, arena)
  assert.deepEqual(read(cache, 1), rows(0, 1000))
})

test('a copy has the room that was asked for, and leaves what it is of as it was', async () => {
  const cache = await filled([5, 2])
  const copy = cache.copy(1000)
  const { arena } = copy
  await write(copy, [1000, 0])
  assert.equal(copy.arena, arena)
  assert.deepEqual(read(copy, 0), rows(0, 1005))
  assert.deepEqual(read(cache, 0), rows(0, 5))
  assert.deepEqual(cache.lengths(), [5, 2])
})

test('caches of different lengths join, go on, and part again', async () => {
  const lengths = [5, 200, 1]
  const together = KeyValueCache.join(await Promise.all(lengths.map((length) => filled([length, 2]))))
  for (let step = 0; step < 130; step++) await write(together, [1, 0])
  const part = together.only([2, 0])
  assert.equal(part.sequences, 2)
  for (const [cache, sequence, length] of [
    [together, 0, 5],
    [together, 1, 200],
    [part, 0, 1],
    [part, 1, 5],
  ] as const) {
    assert.deepEqual(cache.lengths(sequence), [length + 130, 2])
    assert.deepEqual(read(cache, 0, sequence), rows(0, length + 130))
    assert.deepEqual(read(cache, 1, sequence), rows(0, 2))
  }
})

test('gated blocks of several sequences attend to as much as each has, and to zeros behind it', () => {
  const spare = new SpareMemory()
  const attending = (length: number) => {
    const cache = KeyValueCache.empty(config, { cross: [length], spare })
    cache.arena.get(cacheInput.crossKeys(0)).fill(length)
    cache.arena.get(cacheInput.crossValues(0)).fill(-length)
    return cache
  }
  const single = [1, 3].map(attending)
  spare.give(new Float32Array(30).fill(Number.NaN).buffer)
  const { arena } = KeyValueCache.join(single)
  for (const [name, sign] of [
    [cacheInput.crossKeys(0), 1],
    [cacheInput.crossValues(0), -1],
  ] as const) {
    const rows = [...arena.get(name)].map((value) => sign * value)
    assert.deepEqual(
      rows.map((value) => value + 0),
      [1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, ...new Array(12).fill(3)],
    )
  }
  assert.deepEqual([...arena.get(cacheInput.crossMask(0))], [0, MASKED, MASKED, 0, 0, 0].map(Math.fround))
})

test('to join, to part and to grow make one arena each, and no more', async () => {
  const single = KeyValueCache.empty(LLAMA_SIZES['smollm2-135m'], { capacities: new Array(30).fill(128) })
  const joined = KeyValueCache.join([single, single, single, single])
  const size = joined.arena.flat.byteLength
  const whileMaking = async (make: () => KeyValueCache | Promise<KeyValueCache>) => {
    const before = process.memoryUsage().arrayBuffers
    const made = (await make()).arena.flat.byteLength
    return (process.memoryUsage().arrayBuffers - before) / made
  }
  assert.ok((await whileMaking(() => KeyValueCache.join([single, single, single, single]))) < 1.1)
  assert.ok((await whileMaking(() => joined.only([2, 0, 1, 3]))) < 1.1)
  const growing = async () => {
    await joined.reserve(200)
    return joined
  }
  assert.ok((await whileMaking(growing)) < 1.1)
  assert.ok(joined.arena.flat.byteLength > size)
})

test('the memory of a cache that is released is that of the next', async () => {
  const spare = new SpareMemory()
  const first = await filled([5, 2], { spare, capacities: [128, 128] })
  const { buffer } = first.arena.flat
  await first.release()
  assert.throws(() => first.arena.flat, /given away/)
  // What is in the memory is of another cache: it is not among the rows.
  const second = await filled([7, 7], { spare, capacities: [128, 128] })
  assert.equal(second.arena.flat.buffer, buffer)
  assert.deepEqual(read(second, 0), rows(0, 7))
})

/** A cache of one sequence, with so many rows of each layer. */
async function filled(lengths: readonly number[], options: EmptyCacheOptions = {}): Promise<KeyValueCache> {
  const cache = KeyValueCache.empty(config, { groups: EACH, ...options })
  await write(cache, lengths)
  return cache
}

/** As a run would, writes so many rows more of each layer, of every sequence: they count on from those that are there. */
async function write(cache: KeyValueCache, added: readonly number[]): Promise<void> {
  await cache.reserve(Math.max(...added))
  for (const [layer, count] of added.entries()) {
    for (let sequence = 0; sequence < cache.sequences; sequence++) {
      const start = cache.lengths(sequence)[layer]!
      const { keys, values } = rows(start, count)
      place(cache, layer, sequence, start, count, (ours, from, at) => {
        ours.keys.set(keys.subarray(from, from + count * SIZE), at)
        ours.values.set(values.subarray(from, from + count * SIZE), at)
      })
    }
  }
  cache.advance(added)
}

/** A layer's rows of a sequence. */
function read(cache: KeyValueCache, layer: number, sequence = 0): ReturnType<typeof rows> {
  const length = cache.lengths(sequence)[layer]!
  const { keys, values } = rows(0, length)
  place(cache, layer, sequence, 0, length, (ours, from, at) => {
    keys.set(ours.keys.subarray(at, at + length * SIZE), from)
    values.set(ours.values.subarray(at, at + length * SIZE), from)
  })
  return { keys, values }
}

/** Tells for each head where its rows from the given one on begin: among such rows alone, and in the cache. */
function place(
  cache: KeyValueCache,
  layer: number,
  sequence: number,
  start: number,
  count: number,
  each: (ours: ReturnType<typeof rows>, from: number, at: number) => void,
): void {
  const { arena } = cache
  const [, heads, capacity] = arena.entry(cacheInput.keys(layer)).shape as [number, number, number]
  const ours = { keys: arena.get(cacheInput.keys(layer)), values: arena.get(cacheInput.values(layer)) }
  for (let head = 0; head < heads; head++) {
    each(ours, head * count * SIZE, ((sequence * heads + head) * capacity + start) * SIZE)
  }
}

/** Rows that tell their number and head: [head, row, dimension] → 1000·head + row. */
function rows(start: number, length: number): { readonly keys: Float32Array; readonly values: Float32Array } {
  const keys = Float32Array.from({ length: 2 * length * SIZE }, (_, i) => {
    const head = Math.floor(i / (length * SIZE))
    return 1000 * head + start + (Math.floor(i / SIZE) % length)
  })
  return { keys, values: keys.map((value) => -value) }
}
