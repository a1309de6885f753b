import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Download, download } from './download.js'
import { commit, FakeHub, first, impatient, repository, settingsFor, weights } from './hub.test.helper.js'

async function start(context: TestContext) {
  const hub = await FakeHub.start(context)
  const { cache } = await settingsFor(context, hub)
  const source: Download = {
    url: `${hub.endpoint}/${repository}/resolve/${commit}/model.safetensors`,
    bytes: weights.length,
    hash: createHash('sha256').update(weights).digest('hex'),
    token: undefined,
    patience: { ...impatient(), silence: 30_000 },
    what: 'the weights',
    page: hub.endpoint,
  }
  return { hub, source, path: join(cache, 'blob') }
}

test('one that was suspended goes on after another has finished, and does no harm', async (context) => {
  const { hub, source, path } = await start(context)
  let goOn: () => void = () => undefined
  hub.faults.set(
    'model.safetensors',
    first(1, (_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 400_000))
      goOn = () => void response.end(content.subarray(400_000))
      return true
    }),
  )
  let suspended: Promise<void> | undefined
  await new Promise<void>((arrived) => {
    suspended = download(path, { ...source, onProgress: (done) => done >= 400_000 && arrived() })
  })
  await download(path, source)
  goOn()
  await suspended
  assert.deepEqual(await readFile(path), weights)
  assert.deepEqual(await readdir(dirname(path)), ['blob'])
})

test('one whose file has gone says so', async (context) => {
  const { hub, source, path } = await start(context)
  hub.faults.set('model.safetensors', (_request, response, content) => {
    response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 400_000))
    void rm(`${path}.pal.incomplete`).then(() => response.end(content.subarray(400_000)))
    return true
  })
  await assert.rejects(
    download(path, source),
    /expected the weights to stay where it was .*\nAnother process/,
  )
})
