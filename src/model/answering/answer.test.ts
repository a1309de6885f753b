import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Answer, type AskResult } from './answer.js'

const PIECES = ['A', ' snare', ' drum', '.']

/** An answer of four pieces, each a moment after the other, and how many of them were told. */
function answering(fault?: Error): { readonly answer: Answer; readonly told: () => number } {
  let text = ''
  let told = 0
  const answer = new Answer(async function* (done) {
    try {
      for (const piece of PIECES) {
        await delay(1)
        if (fault && told === 2) throw fault
        told++
        text += piece
        yield piece
      }
    } finally {
      if (!fault) done({ answer: text } as AskResult)
    }
  })
  return { answer, told: () => told }
}

async function read(answer: Answer): Promise<string[]> {
  const pieces: string[] = []
  for await (const piece of answer) pieces.push(piece)
  return pieces
}

test('the result may be asked for before the text is read, and takes none of it away', async () => {
  const { answer } = answering()
  const result = answer.result
  assert.deepEqual(await read(answer), PIECES)
  assert.equal((await result).answer, 'A snare drum.')
})

test('or be waited for before, and within the loop', async () => {
  const before = answering().answer
  assert.equal((await before.result).answer, 'A snare drum.')
  assert.deepEqual(await read(before), PIECES)
  assert.deepEqual(await read(before), [], 'once')

  const { answer } = answering()
  const pieces: string[] = []
  for await (const piece of answer) {
    pieces.push(piece)
    assert.equal((await answer.result).answer, 'A snare drum.')
  }
  assert.deepEqual(pieces, PIECES)
})

test('nothing is told ahead of who reads, unless the result was asked for', async () => {
  const { answer, told } = answering()
  await answer.next()
  await delay(20)
  assert.equal(told(), 1)
  void answer.result
  await delay(40)
  assert.equal(told(), 4)
})

test('two who read share the pieces, in order', async () => {
  const { answer } = answering()
  const both = await Promise.all([answer.next(), answer.next()])
  assert.deepEqual(
    both.map(({ value }) => value),
    ['A', ' snare'],
  )
})

test('leaving the loop stops it, also when the result was asked for', async () => {
  const { answer, told } = answering()
  const result = answer.result
  for await (const piece of answer) {
    assert.equal(piece, 'A')
    break
  }
  assert.ok(told() < 4)
  assert.match((await result).answer, /^A/)
  assert.deepEqual(await read(answer), [])
})

test('an error comes after what was said before it, and to the result', async () => {
  for (const asksFirst of [false, true]) {
    const { answer } = answering(new Error('out of words'))
    if (asksFirst) void answer.result
    const pieces: string[] = []
    await assert.rejects(
      async () => {
        for await (const piece of answer) pieces.push(piece)
      },
      { message: 'out of words' },
    )
    assert.deepEqual(pieces, ['A', ' snare'])
    await assert.rejects(answer.result, { message: 'out of words' })
  }
})
