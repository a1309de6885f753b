import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { add, mul } from '../../graph/elementwise.js'
import { gather } from '../../graph/gather.js'
import { groupQueryAttention } from '../../graph/group-query-attention.js'
import { writeOnnx } from '../../graph/onnx.js'
import { Graph } from '../../graph/tensor.js'
import type { Value } from '../protocol.js'
import { Session, type SessionOptions } from './session.js'
import { Tensor } from './tensor.js'

const PLAIN: SessionOptions = {
  provider: 'cpu',
  threads: 1,
  memoryArena: 'doubling',
  optimized: true,
  entries: {},
  files: [],
}

test('names have whatever letters, and come in the order of the graph', () => {
  const graph = new Graph()
  const outputs = { Größe: add(graph.input('länge', [2]), graph.input('音', [2])) }
  const session = new Session(writeOnnx(outputs).bytes, PLAIN)
  assert.deepEqual([session.inputs, session.outputs], [['länge', '音'], ['Größe']])
  assert.deepEqual(run(session, { länge: floats([1, 2]), 音: floats([10, 20]) }), { Größe: floats([11, 22]) })
  session.release()
})

test('runs give the same whatever keeps their memory', () => {
  const graph = new Graph()
  const { bytes } = writeOnnx({ y: mul(add(graph.input('x', ['n']), 1), 2) })
  for (const memoryArena of ['none', 'doubling', 'exact'] as const) {
    const session = new Session(bytes, { ...PLAIN, memoryArena })
    for (const n of [3, 1000, 2]) {
      const { y } = run(session, { x: { data: new Float32Array(n).fill(n), dims: [n] } })
      assert.deepEqual(y?.data, new Float32Array(n).fill(2 * n + 2))
    }
    session.release()
  }
})

test('whole numbers of 64 bits and of 32', () => {
  const sumOf = (type: 'int64' | 'int32') => {
    const graph = new Graph()
    const y = add(graph.input('a', [3], type), graph.input('b', [3], type))
    return new Session(writeOnnx({ y }).bytes, PLAIN)
  }
  const wide = (...numbers: bigint[]) => ({ data: BigInt64Array.from(numbers), dims: [3] })
  const narrow = (...numbers: number[]) => ({ data: Int32Array.from(numbers), dims: [3] })
  const wider = sumOf('int64')
  assert.deepEqual(run(wider, { a: wide(1n, -2n, 2n ** 60n), b: wide(1n, 1n, 1n) }), {
    y: wide(2n, -1n, 2n ** 60n + 1n),
  })
  assert.throws(
    () => run(wider, { a: narrow(1, 2, 3), b: wide(1n, 1n, 1n) }),
    /Unexpected input data type.*tensor\(int32\).*expected.*tensor\(int64\)/,
  )
  wider.release()

  const narrower = sumOf('int32')
  assert.deepEqual(run(narrower, { a: narrow(1, -2, 3), b: narrow(1, 1, 2 ** 30) }), {
    y: narrow(2, -1, 2 ** 30 + 3),
  })
  narrower.release()
})

test('nothing is fed and comes back as any other tensor', () => {
  const graph = new Graph()
  const rows = graph.input('ids', ['n'], 'int64')
  const { bytes } = writeOnnx({
    y: gather(graph.input('table', [2, 3]), rows),
    x: graph.input('fed', ['m', 2]),
  })
  const session = new Session(bytes, PLAIN)
  const table = { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] }
  const fed = { data: new Float32Array(new ArrayBuffer(8), 8), dims: [0, 2] }
  assert.deepEqual(run(session, { ids: { data: new BigInt64Array(), dims: [0] }, table, fed }), {
    y: { data: new Float32Array(), dims: [0, 3] },
    x: { data: new Float32Array(), dims: [0, 2] },
  })
  session.release()
})

test('a number alone has no dimensions', () => {
  const { bytes } = writeOnnx({ y: add(new Graph().input('x', []), 1) })
  const session = new Session(bytes, PLAIN)
  assert.deepEqual(run(session, { x: floats([2], []) }), { y: floats([3], []) })
  session.release()
})

test('an output is written over its input, where it lies', () => {
  const graph = new Graph()
  const step = graph.input('step', [2])
  const { bytes } = writeOnnx({ present: add(graph.input('past', [2]), step), doubled: mul(step, 2) })
  const session = new Session(bytes, PLAIN)
  const memory = Float32Array.of(-1, 1, 2, -1)
  const cache = new Tensor({ data: memory.subarray(1, 3), dims: [2] })
  const fed = new Tensor(floats([10, 100]))
  const feeds = new Map([
    ['past', cache],
    ['step', fed],
  ])
  session.run(feeds, new Map([['present', cache]]))
  const others = session.run(feeds, new Map([['present', cache]]))
  assert.deepEqual(memory, Float32Array.of(-1, 21, 202, -1))
  assert.deepEqual(others, { doubled: floats([20, 200]) })
  for (const tensor of [cache, fed]) tensor.release()
  session.release()
})

test('attention adds its rows to the cache that it reads, and sees what it sees in a copy', () => {
  const ROWS = 5
  const graph = new Graph()
  const states = (name: string) => graph.input(name, [1, 1, 8])
  const cache = (name: string) => graph.input(name, [1, 1, ROWS, 8])
  const { mixed, present } = groupQueryAttention({
    ...{ queries: states('query'), keys: states('key'), values: states('value') },
    ...{ pastKeys: cache('keys'), pastValues: cache('values') },
    lastRow: graph.input('lastRow', [1], 'int32'),
    totalRows: graph.input('totalRows', [], 'int32'),
  })
  const outputs = { mixed, newKeys: present.keys, newValues: present.values }
  const session = new Session(writeOnnx(outputs).bytes, PLAIN)

  const memory = { keys: new Float32Array(8 * ROWS), values: new Float32Array(8 * ROWS) }
  const inPlace = new Map(
    Object.entries(memory).map(([name, data]) => [name, new Tensor({ data, dims: [1, 1, ROWS, 8] })]),
  )
  for (let row = 0; row < ROWS; row++) {
    const fed = Object.entries({
      query: floats(rowOf(row), [1, 1, 8]),
      key: floats(rowOf(row + 10), [1, 1, 8]),
      value: floats(rowOf(row + 20), [1, 1, 8]),
      lastRow: { data: Int32Array.of(row), dims: [1] },
      totalRows: { data: Int32Array.of(row + 1), dims: [] },
    }).map(([name, value]) => [name, new Tensor(value)] as const)
    const feeds = new Map([...fed, ...inPlace])
    const copied = session.run(feeds)
    const written = session.run(
      feeds,
      new Map([
        ['newKeys', inPlace.get('keys')!],
        ['newValues', inPlace.get('values')!],
      ]),
    )
    assert.deepEqual(written, { mixed: copied.mixed })
    const rowsSoFar = 8 * (row + 1)
    assert.deepEqual(memory.keys.subarray(0, rowsSoFar), copied.newKeys!.data.subarray(0, rowsSoFar))
    assert.deepEqual([...memory.values.subarray(8 * row, rowsSoFar)], rowOf(row + 20))
    for (const [, tensor] of fed) tensor.release()
  }
  for (const tensor of inPlace.values()) tensor.release()
  session.release()

  function rowOf(seed: number): number[] {
    return Array.from({ length: 8 }, (_, i) => Math.fround(Math.sin(7 * seed + i)))
  }
})

test('an output that is written into memory of another shape is refused', () => {
  const session = new Session(plusOne(), PLAIN)
  const [x, y] = [new Tensor(floats([1])), new Tensor(floats([1, 2]))]
  assert.throws(
    () => session.run(new Map([['x', x]]), new Map([['y', y]])),
    /Got invalid dimensions for output: y/,
  )
  assert.deepEqual(run(session, { x: floats([1]) }), { y: floats([2]) })
  for (const tensor of [x, y]) tensor.release()
  session.release()
})

test('small numbers stay where their address says, whatever becomes of the garbage around them', () => {
  const session = new Session(plusOne(), PLAIN)
  const kept = Array.from({ length: 100 }, (_, i) => new Tensor(floats([i])))
  const garbage: Float32Array[] = []
  for (let i = 0; i < 2e5; i++) garbage[i % 1000] = Float32Array.of(i)
  kept.forEach((x, i) => {
    assert.deepEqual(session.run(new Map([['x', x]])), { y: floats([i + 1]) })
    x.release()
  })
  session.release()
})

test('external data comes from memory, which may go once the session is there', () => {
  const graph = new Graph()
  const y = add(graph.input('x', [2]), graph.parameter('weight', [2]))
  const { bytes } = writeOnnx({ y }, () => ({ location: 'größe', offset: 4, length: 8 }))
  const data = new Uint8Array(Float32Array.of(0, 10, 20).buffer)
  const session = new Session(bytes, { ...PLAIN, files: [{ path: 'größe', data }] })
  data.fill(255)
  assert.deepEqual(run(session, { x: floats([1, 2]) }), { y: floats([11, 22]) })
  session.release()
})

test('options have the meaning that ONNX Runtime gives them', () => {
  const entries = { 'session.disable_prepacking': '1', 'session.intra_op.allow_spinning': '0' }
  const session = new Session(plusOne(), { ...PLAIN, memoryArena: 'none', threads: 2, entries })
  assert.deepEqual(run(session, { x: floats([1]) }), { y: floats([2]) })
  session.release()
  const tooLong = { ['long'.repeat(1000)]: '1' }
  assert.throws(() => new Session(plusOne(), { ...PLAIN, entries: tooLong }), /Config key is empty or longer/)
})

test('mistakes are worded by ONNX Runtime', () => {
  assert.throws(() => new Session(Uint8Array.of(1, 2, 3), PLAIN), /protobuf|model/i)
  assert.throws(
    () => new Session(plusOne(), { ...PLAIN, provider: 'abacus' }),
    /Unknown provider name 'abacus'/,
  )
  assert.throws(() => new Tensor({ data: Float32Array.of(1, 2), dims: [3] }), /too small|not enough space/)
  const session = new Session(plusOne(), PLAIN)
  assert.throws(() => run(session, {}), /expected a value for the input "x", got none/)
  assert.throws(() => run(session, { x: floats([1], [1, 1]) }), /Invalid rank for input: x/)
  session.release()
})

test('thousands of runs leave nothing behind, nor do those that fail', () => {
  const { bytes } = writeOnnx({ y: add(new Graph().input('x', ['n']), 1) })
  const session = new Session(bytes, PLAIN)
  const x = floats(new Array(2 ** 14).fill(1))
  const runs = (count: number) => () => {
    for (let i = 0; i < count; i++) {
      run(session, { x })
      assert.throws(() => run(session, { x: { data: x.data, dims: [2, 2 ** 13] } }))
    }
  }
  runs(1000)()
  // The outputs alone have 250 MiB, of which V8 may have some that it has not collected.
  assert.ok(growth(runs(4000)) < 80 * MIB)
  session.release()
})

test('sessions come and go, with what was made for them', () => {
  const files = [{ path: 'weights', data: new Uint8Array(MIB) }]
  const graph = new Graph()
  const y = add(graph.input('x', [1]), graph.parameter('weight', [MIB / 4]))
  const { bytes } = writeOnnx({ y }, () => ({ location: 'weights', offset: 0, length: MIB }))
  const sessions = (count: number) => () => {
    for (let i = 0; i < count; i++) new Session(bytes, { ...PLAIN, files }).release()
  }
  sessions(10)()
  assert.ok(growth(sessions(60)) < 30 * MIB)
})

const MIB = 2 ** 20

/** Of the memory that the process has, in bytes, without what V8 has not collected yet. */
function growth(work: () => void): number {
  const before = residentBytes()
  work()
  return residentBytes() - before
}

function residentBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().rss
}

/** y = x + 1 */
function plusOne(): Uint8Array {
  return writeOnnx({ y: add(new Graph().input('x', [1]), 1) }).bytes
}

function floats(numbers: readonly number[], dims: readonly number[] = [numbers.length]): Value {
  return { data: Float32Array.from(numbers), dims }
}

function run(session: Session, values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  const feeds = new Map(Object.entries(values).map(([name, value]) => [name, new Tensor(value)]))
  try {
    return session.run(feeds)
  } finally {
    for (const tensor of feeds.values()) tensor.release()
  }
}
