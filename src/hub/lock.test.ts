import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { rivals, tell } from '../rivals.test.helper.js'
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

test('of several processes that find the same lock void, one at a time takes it over', async (context) => {
  const path = await lockFile(context)
  await mkdir(dirname(path), { recursive: true })
  const four = await rivals(context, 4, goingInWhenTold(path))
  for (let round = 0; round < 4; round++) {
    // As one has left it that was killed, and another that was killed while it took over.
    for (const left of round % 2 ? [path, `${path}.clearing`] : [path]) {
      await writeFile(left, 'somebody')
      await utimes(left, 0, 0)
    }
    assert.deepEqual(await tell(four, 'begin'), Array(4).fill('alone'), `round ${round}`)
    assert.deepEqual(await readdir(dirname(path)), [])
  }
})

/** Takes the lock when it is told to, and says whether it was alone while it held it. */
function goingInWhenTold(path: string): string {
  return `
    import { once } from 'node:events'
    import { rm, writeFile } from 'node:fs/promises'
    import { setTimeout } from 'node:timers/promises'
    import { withLock } from ${JSON.stringify(new URL('./lock.js', import.meta.url).href)}
    const inside = ${JSON.stringify(join(dirname(dirname(path)), 'inside'))}
    const goIn = async () => {
      await writeFile(inside, '', { flag: 'wx' })
      await setTimeout(20)
      await rm(inside)
      return 'alone'
    }
    for (;;) {
      await once(process, 'begin')
      process.send(await withLock(${JSON.stringify(path)}, goIn).catch(({ message }) => message))
    }`
}

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
