import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { relativeError } from '../graph/parity.test.helper.js'
import { Graph, type Tensor } from '../graph/tensor.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { attention, MASKED, splitHeads } from './attention.js'
import { cachedAttention, cachedHeadSize } from './cached-attention.js'

const [HEADS, KEY_VALUE_HEADS, CAPACITY] = [6, 2, 40]

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

/** Those that the operation takes, and those that need zeros. */
for (const headSize of [16, 10]) {
  describe(`heads of ${headSize}`, () => {
    test('new tokens get from a cache what they get from all keys side by side, one or several', async () => {
      for (const [past, time] of [
        [0, 1],
        [0, 9],
        [7, 1],
        [7, 9],
      ] as const) {
        const whole = sequence(headSize, past + time)
        const { mixed, present } = await fromCache([whole], headSize, past)
        const expected = (await fromStart(whole, headSize)).slice(past * HEADS * headSize)
        const error = relativeError(mixed, expected)
        assert.ok(error < 1e-5, `${time} tokens behind ${past} rows: ${error}`)
        assert.deepEqual(rowsIn(present, headSize, past + time), whole.keys)
      }
    })

    test('sequences of different lengths get what each gets alone', async () => {
      const [one, other] = [sequence(headSize, 4), sequence(headSize, 12)]
      const { mixed } = await fromCache([one, other], headSize)
      for (const [i, { mixed: expected }] of [
        await fromCache([one], headSize),
        await fromCache([other], headSize),
      ].entries()) {
        const width = HEADS * headSize
        assert.ok(relativeError(mixed.slice(i * width, (i + 1) * width), expected) < 1e-5)
      }
    })
  })
}

test('what does not fit is refused', () => {
  const graph = new Graph()
  const given = (shape: readonly number[]) => graph.input(`x${graph.inputs.size}`, shape)
  const past = { pastKeys: given([1, 2, 9, 8]), pastValues: given([1, 2, 9, 8]) }
  const counts = { lastRow: given([1]), totalRows: given([]) }
  const attend = (queries: number[], keys: number[]) =>
    cachedAttention(
      { queries: given(queries), keys: given(keys), values: given(keys), ...past, ...counts },
      8,
    )
  assert.deepEqual(attend([1, 3, 48], [1, 3, 16]).mixed.shape, [1, 3, 48])
  for (const [queries, keys] of [
    [
      [1, 3, 40],
      [1, 3, 16],
    ],
    [
      [1, 3, 48],
      [1, 2, 16],
    ],
    [
      [1, 3, 48],
      [1, 3, 24],
    ],
  ] as const) {
    assert.throws(() => attend([...queries], [...keys]), {
      name: 'PalError',
      message: /^groupQueryAttention: expected queries /,
    })
  }
})

/** Numbers of one sequence, [length, heads·headSize] each. */
interface Sequence {
  readonly length: number
  readonly queries: Float32Array
  readonly keys: Float32Array
  readonly values: Float32Array
}

function sequence(headSize: number, length: number): Sequence {
  const random = new Random('cached attention', length)
  const normal = (heads: number) =>
    Float32Array.from({ length: length * heads * headSize }, () => random.normal())
  return { length, queries: normal(HEADS), keys: normal(KEY_VALUE_HEADS), values: normal(KEY_VALUE_HEADS) }
}

/** All tokens of a sequence at once, by the attention of training: [length, heads·headSize]. */
async function fromStart({ length, ...given }: Sequence, headSize: number): Promise<Float32Array> {
  const graph = new Graph()
  const heads = { queries: HEADS, keys: KEY_VALUE_HEADS, values: KEY_VALUE_HEADS }
  const split = (name: keyof typeof heads) => {
    const states = graph.input(name, [1, length, heads[name] * headSize])
    return splitHeads(states, KEY_VALUE_HEADS, heads[name] / KEY_VALUE_HEADS)
  }
  const hidden = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? MASKED : 0,
  )
  const mask = graph.constant(hidden, [1, 1, 1, length, length])
  const mixed = attention(split('queries'), [{ keys: split('keys'), values: split('values'), mask }])
  const program = await runtime.compile({ mixed })
  return (await program.run(given)).outputs.mixed!.data as Float32Array
}

/** The last tokens of each sequence, those before them in a cache. @param past rows of the cache. @default all but one */
async function fromCache(sequences: readonly Sequence[], headSize: number, past?: number) {
  const graph = new Graph()
  const pasts = sequences.map(({ length }) => past ?? length - 1)
  const time = sequences[0]!.length - pasts[0]!
  const rowSize = cachedHeadSize(headSize)
  const batch = sequences.length
  const cacheShape = [batch, KEY_VALUE_HEADS, CAPACITY, rowSize]
  const input = (name: string, heads: number): Tensor =>
    graph.input(name, ['batch', 'time', heads * headSize])
  const attended = cachedAttention(
    {
      queries: input('queries', HEADS),
      keys: input('keys', KEY_VALUE_HEADS),
      values: input('values', KEY_VALUE_HEADS),
      pastKeys: graph.input('pastKeys', ['batch', KEY_VALUE_HEADS, 'capacity', rowSize]),
      pastValues: graph.input('pastValues', ['batch', KEY_VALUE_HEADS, 'capacity', rowSize]),
      lastRow: graph.input('lastRow', ['batch'], 'int32'),
      totalRows: graph.input('totalRows', [], 'int32'),
    },
    headSize,
  )
  const program = await runtime.compile({ mixed: attended.mixed, present: attended.present.keys })
  const news = (part: 'queries' | 'keys' | 'values', heads: number) => ({
    data: Float32Array.from(
      sequences.flatMap((one, i) => [...one[part].subarray(pasts[i]! * heads * headSize)]),
    ),
    dims: [batch, time, heads * headSize],
  })
  const cached = (part: 'keys' | 'values') => {
    const data = new Float32Array(cacheShape.reduce((a, b) => a * b))
    for (const [i, one] of sequences.entries()) {
      for (let at = 0; at < pasts[i]! * KEY_VALUE_HEADS * headSize; at++) {
        const [row, head, dimension] = placeOf(at, headSize)
        data[((i * KEY_VALUE_HEADS + head) * CAPACITY + row) * rowSize + dimension] = one[part][at]!
      }
    }
    return { data, dims: cacheShape }
  }
  const { outputs } = await program.run({
    queries: news('queries', HEADS),
    keys: news('keys', KEY_VALUE_HEADS),
    values: news('values', KEY_VALUE_HEADS),
    pastKeys: cached('keys'),
    pastValues: cached('values'),
    lastRow: { data: Int32Array.from(sequences, ({ length }) => length - 1), dims: [batch] },
    totalRows: { data: Int32Array.of(Math.max(...sequences.map(({ length }) => length))), dims: [] },
  })
  return { mixed: outputs.mixed!.data as Float32Array, present: outputs.present!.data as Float32Array }
}

/** Of a number in [rows, keyValueHeads, headSize]. */
function placeOf(at: number, headSize: number): [row: number, head: number, dimension: number] {
  const head = Math.floor(at / headSize) % KEY_VALUE_HEADS
  return [Math.floor(at / headSize / KEY_VALUE_HEADS), head, at % headSize]
}

/** The first rows of the first sequence of a cache, as [rows, keyValueHeads·headSize]. */
function rowsIn(cache: Float32Array, headSize: number, count: number): Float32Array {
  return Float32Array.from({ length: count * KEY_VALUE_HEADS * headSize }, (_, at) => {
    const [row, head, dimension] = placeOf(at, headSize)
    return cache[(head * CAPACITY + row) * cachedHeadSize(headSize) + dimension]!
  })
}
