import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { rivals, tell } from './rivals.test.helper.js'
import { alone, expectNobody } from './run-lock.js'

async function runFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-run-lock-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const lockOf = (folder: string) => join(folder, 'run.lock')

const leave = (folder: string, pid: number, host = hostname()) =>
  writeFile(lockOf(folder), JSON.stringify({ pid, host }))

test('a second one is refused while the first is there, and nothing is left', async (context) => {
  const folder = await runFolder(context)
  await alone(folder, async () => {
    const told = new RegExp(
      `run\\.lock: expected .* that nobody works in, got one that process ${process.pid} on .*\\n.*output=…`,
    )
    await assert.rejects(
      alone(folder, async () => assert.fail('both')),
      told,
    )
    await assert.rejects(expectNobody(folder), told)
    assert.ok(existsSync(lockOf(folder)), 'a refusal must not let go what another holds')
  })
  assert.equal(existsSync(lockOf(folder)), false)
  await expectNobody(folder)
})

test('of several at once one comes in, whichever is first', async (context) => {
  const folder = await runFolder(context)
  for (let round = 0; round < 100; round++) {
    const all = await Promise.allSettled(
      [1, 2, 3].map((one) => alone(folder, async () => setTimeout(10, one))),
    )
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  }
})

test('it is let go after a mistake', async (context) => {
  const folder = await runFolder(context)
  const failing = alone(folder, async () => {
    throw new Error('out of memory')
  })
  await assert.rejects(failing, /out of memory/)
  assert.equal(await alone(folder, async () => 7), 7)
})

test('a folder that is made for nothing goes again, with those around it, and one that was there stays', async (context) => {
  const folder = await runFolder(context)
  const failing = (path: string, make?: string) =>
    alone(path, async () => {
      assert.ok(existsSync(path))
      if (make !== undefined) await writeFile(join(path, make), '')
      throw new Error('no data')
    })
  await assert.rejects(failing(folder), /no data/)
  assert.ok(existsSync(folder))
  await assert.rejects(failing(relative('.', join(folder, 'runs', 'new'))), /no data/)
  assert.equal(existsSync(join(folder, 'runs')), false)
  await assert.rejects(failing(join(folder, 'runs', 'new'), 'checkpoint'), /no data/)
  assert.ok(existsSync(join(folder, 'runs', 'new', 'checkpoint')))
  await assert.rejects(failing(join(folder, 'runs', 'other')), /no data/)
  assert.ok(existsSync(join(folder, 'runs')) && !existsSync(join(folder, 'runs', 'other')))
})

test('one of a process that is gone is taken over, one of a living process is not', async (context) => {
  const folder = await runFolder(context)
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 1e6)'])
  await leave(folder, child.pid as number)
  await assert.rejects(
    alone(folder, async () => 7, { patience: 0 }),
    new RegExp(`process ${child.pid} on`),
  )
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.equal(await alone(folder, async () => 7), 7)
})

test('of several processes that find the same one gone, one takes it over', async (context) => {
  const folder = await runFolder(context)
  const gone = spawnSync(process.execPath, ['--version']).pid
  const six = await rivals(context, 6, trainingWhenTold(folder))
  for (let round = 0; round < 10; round++) {
    await leave(folder, gone)
    // As one has left it that was killed while it took over.
    if (round % 2 === 1) await writeFile(`${lockOf(folder)}.clearing`, await readFile(lockOf(folder)))
    const said = await tell(six, 'begin')
    assert.deepEqual([...said].sort(), ['in', ...Array(5).fill('refused')], `round ${round}`)
    await tell(six, 'end')
    assert.deepEqual(await readdir(folder), [])
  }
})

/** Tries to train in a folder when it is told to begin, says whether it may, and does so until it is told to end. */
function trainingWhenTold(folder: string): string {
  return `
    import { once } from 'node:events'
    import { alone } from ${JSON.stringify(new URL('./run-lock.js', import.meta.url).href)}
    for (;;) {
      await once(process, 'begin')
      const ended = once(process, 'end')
      const training = async () => {
        process.send('in')
        await ended
      }
      await alone(${JSON.stringify(folder)}, training, { patience: 0 }).catch(() => process.send('refused'))
      await ended
      process.send('ended')
    }`
}

test('one that is being killed is waited for', async (context) => {
  const folder = await runFolder(context)
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 1e6)'])
  await leave(folder, child.pid as number)
  const waiting = alone(folder, async () => 7, { patience: 60_000 })
  await setTimeout(50)
  child.kill('SIGKILL')
  assert.equal(await waiting, 7)
})

test('of one that goes while it is looked at, nothing is removed that may be another’s', async (context) => {
  const folder = await runFolder(context)
  // It is there, but cannot be read: as one that goes in between.
  await symlink('nowhere', lockOf(folder))
  const waiting = alone(folder, async () => 7)
  await setTimeout(50)
  await unlink(lockOf(folder))
  assert.equal(await waiting, 7)
})

test('one that came with a copied folder, of this very process, is taken over', async (context) => {
  const [folder, copy] = [await runFolder(context), await runFolder(context)]
  await alone(folder, async () => {
    await writeFile(lockOf(copy), await readFile(lockOf(folder)))
    assert.equal(await alone(copy, async () => 7), 7)
  })
})

test('of one on another machine nobody knows whether it is gone', async (context) => {
  const folder = await runFolder(context)
  await leave(folder, 1, 'elsewhere')
  await assert.rejects(
    alone(folder, async () => 7, { patience: 0 }),
    /process 1 on elsewhere works in\n.*If it is gone, delete this file/,
  )
  await writeFile(lockOf(folder), '')
  await assert.rejects(
    alone(folder, async () => 7, { patience: 0 }),
    /a process that has just begun/,
  )
})
