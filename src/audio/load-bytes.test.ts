import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { loadBytes } from './load-bytes.js'

test('a stream that keeps silent is not waited for once the signal is aborted', async () => {
  const stream = new PassThrough()
  stream.write('a')
  const controller = new AbortController()
  const loading = loadBytes(stream, undefined, controller.signal)
  setTimeout(() => controller.abort('enough'), 20)
  await assert.rejects(loading, (error) => error === 'enough')
  assert.ok(stream.destroyed)
  await assert.rejects(
    loadBytes(import.meta.filename, undefined, controller.signal),
    (error) => error === 'enough',
  )
})

test('streams of Node, of the web and of anybody are read', async () => {
  const node: NodeJS.ReadableStream = Readable.from([Buffer.from('so'), Buffer.from('und')])
  const web: ReadableStream<Uint8Array> = new Blob(['sound']).stream()
  async function* own() {
    yield Buffer.from('sound')
  }
  for (const stream of [node, web, own()]) {
    assert.equal(Buffer.from((await loadBytes(stream)).bytes).toString(), 'sound')
  }
})

test('a stream that is anybody’s is left, too, once the signal is aborted', async () => {
  let isLeft = false
  const stream: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: async () => {
        isLeft = true
        return { value: undefined, done: true }
      },
    }),
  }
  const controller = new AbortController()
  const loading = loadBytes(stream, undefined, controller.signal)
  setTimeout(() => controller.abort('enough'), 20)
  await assert.rejects(loading, (error) => error === 'enough')
  assert.ok(isLeft)
})

test('a signal that is not aborted changes nothing, and nothing stays with it', async () => {
  const { signal } = new AbortController()
  const stream = new PassThrough()
  stream.end('sound')
  const { name, bytes } = await loadBytes(stream, undefined, signal)
  assert.deepEqual([name, Buffer.from(bytes).toString()], ['audio stream', 'sound'])
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})
