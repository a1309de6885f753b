import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../graph/tensor.js'
import { Runtime } from '../runtime/runtime.js'
import { raggedFeeds, raggedInputs, selectFeeds, selectInputs } from './ragged.js'

test('ragged rows: tokens stand at their places among padding, come back, and some are read', async () => {
  const longest = 3
  // The first row's token in the middle is padding, of the second row only one is none.
  const rows = [[0, 2], [0]]
  const read = [false, true, true]
  const graph = new Graph()
  const tokens = graph.input('states', ['text', 2])
  const ragged = raggedInputs(graph, 'text', rows.length, longest)
  const padded = ragged.pad(tokens)
  const outputs = { padded, unpadded: ragged.unpad(padded), read: selectInputs(graph, 'text')(tokens) }
  const runtime = await Runtime.start({ threads: 1 })
  try {
    const program = await runtime.compile(outputs)
    const states = Float32Array.of(1, 2, 3, 4, 5, 6)
    const places = raggedFeeds('text', rows, longest)
    const { outputs: got } = await program.run({ states, ...places, ...selectFeeds('text', read) })
    assert.deepEqual(got.padded?.dims, [2, 3, 2])
    const at = (row: number, place: number) => {
      const start = 2 * (row * longest + place)
      return [...(got.padded!.data as Float32Array).subarray(start, start + 2)]
    }
    assert.deepEqual(
      [at(0, 0), at(0, 2), at(1, 0)],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    )
    assert.deepEqual(got.unpadded?.data, states)
    assert.deepEqual(got.read?.data, Float32Array.of(3, 4, 5, 6))
  } finally {
    await runtime.close()
  }
})
