import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { withLock } from './lock.js'

async function lockFile(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-lock-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'locks', 'a.lock')
}

test('one after the other, and nothing is left', async (context) => {
  const path = await lockFile(context)
  let [inside, most] = [0, 0]
  const use = async () => {
    most = Math.max(most, ++inside)
    await delay(10)
    inside--
  }
  await Promise.all([1, 2, 3].map(() => withLock(path, use)))
  assert.equal(most, 1)
  await assert.rejects(stat(path))
})

test('a lock is let go after an error', async (context) => {
  const path = await lockFile(context)
  const failing = withLock(path, async () => {
    throw new Error('out of bytes')
  })
  await assert.rejects(failing, /out of bytes/)
  assert.equal(await withLock(path, async () => 7), 7)
})

test('the lock of a process that was killed is not waited for, that of a living one is', async (context) => {
  const path = await lockFile(context)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'somebody')
  const interruption = new AbortController()
  let waits = 0
  const waiting = withLock(path, async () => undefined, {
    signal: interruption.signal,
    onWait: () => {
      waits++
      interruption.abort()
    },
  })
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.equal(waits, 1)
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
  assert.equal(await withLock(path, async () => 7), 7)
})

test('a lock that is in use stays young', async (context) => {
  const path = await lockFile(context)
  const slow = withLock(path, () => delay(900, 1), { staleAfter: 300 })
  await delay(20)
  const order: number[] = []
  await Promise.all([
    slow.then((value) => order.push(value)),
    withLock(path, async () => 2, { staleAfter: 300 }).then((value) => order.push(value)),
  ])
  assert.deepEqual(order, [1, 2])
})
