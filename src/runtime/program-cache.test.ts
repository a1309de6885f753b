import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ProgramCache } from './program-cache.js'

test('a program that is alone keeps its memory; of several that take turns none does', async () => {
  const { use, events } = watched(new ProgramCache())
  for (const key of ['a', 'a', 'b', 'a', 'b']) await use(key)
  assert.deepEqual(events, [
    ...['compile a, which keeps its memory', 'run a', 'run a'],
    ...['release a', 'compile b', 'run b', 'compile a', 'run a', 'run b'],
  ])
})

test('where others take turns with it, a program keeps no memory', async () => {
  const { use, events } = watched(new ProgramCache({ keepMemory: 'never' }))
  for (const key of ['a', 'b', 'a']) await use(key)
  assert.deepEqual(events, ['compile a', 'run a', 'compile b', 'run b', 'run a'])
})

test('where it is worth its room, every program keeps its memory', async () => {
  const { use, events } = watched(new ProgramCache({ keepMemory: 'always' }))
  for (const key of ['a', 'b', 'a']) await use(key)
  const compiled = ['a', 'b'].map((key) => `compile ${key}, which keeps its memory`)
  assert.deepEqual(events, [compiled[0], 'run a', compiled[1], 'run b', 'run a'])
})

test('when there are too many, that not used for longest goes', async () => {
  const { use, events } = watched(new ProgramCache({ most: 2, keepMemory: 'never' }))
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await use(key)
  assert.deepEqual(events.slice(5), [
    ...['release b', 'compile c', 'run c', 'run a'],
    ...['release c', 'compile b', 'run b'],
  ])
})

test('no program is released while it runs', async () => {
  const cache = new ProgramCache({ most: 1, keepMemory: 'never' })
  const { use, events } = watched(cache)
  await Promise.all([use('a'), use('b'), use('a'), cache.release()])
  assert.deepEqual(events, [
    ...['compile a', 'run a', 'release a', 'compile b', 'run b', 'release b'],
    ...['compile a', 'run a', 'release a'],
  ])
  await assert.rejects(use('a'), /released/)
})

test('what fails is told to whoever asked, and to nobody else', async () => {
  const { use, events } = watched(new ProgramCache({ keepMemory: 'never' }))
  const fails = () => Promise.reject(new Error('too large'))
  const results = await Promise.allSettled([use('a', fails), use('a')])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )
  assert.deepEqual(events, ['compile a', 'run a'])
})

/** Writes down what becomes of programs that take a while for everything. */
function watched(cache: ProgramCache<{ release(): Promise<void> }>) {
  const events: string[] = []
  const done = async (event: string) => {
    await setImmediate()
    events.push(event)
  }
  const use = (key: string, run = () => done(`run ${key}`)) =>
    cache.use(
      key,
      async ({ keepsMemory }) => {
        await done(`compile ${key}${keepsMemory ? ', which keeps its memory' : ''}`)
        return { release: () => done(`release ${key}`) }
      },
      run,
    )
  return { use, events }
}
