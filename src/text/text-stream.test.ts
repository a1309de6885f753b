import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.js'
import { openExample } from './text.test.fixtures.js'
import { createTextStream } from './text-stream.js'
import { cases } from './tokenizer-reference.test.fixtures.js'

test('the pieces are whole characters and join to the text', async () => {
  const tokenizer = await openExample()
  for (const { text } of cases) {
    const stream = createTextStream(tokenizer)
    const pieces = tokenizer.encode(text).map((id) => stream.push(id))
    if (!text.includes('\ufffd')) for (const piece of pieces) assert.ok(!piece.includes('\ufffd'))
    assert.equal(pieces.join('') + stream.flush(), text)
  }
})

test('a character of several tokens appears with its last one', async () => {
  const tokenizer = await openExample()
  const ids = tokenizer.encode('🦷')
  assert.ok(ids.length > 1)
  const stream = createTextStream(tokenizer)
  assert.deepEqual(
    ids.map((id) => stream.push(id)),
    [...ids.slice(1).map(() => ''), '🦷'],
  )
})

test('any ids at all give what decode gives', async () => {
  const tokenizer = await openExample()
  const random = new Random('stream', 1)
  for (let round = 0; round < 300; round++) {
    const ids = Array.from({ length: random.integer(30) }, () => random.integer(tokenizer.vocabularySize))
    const stream = createTextStream(tokenizer)
    assert.equal(ids.map((id) => stream.push(id)).join('') + stream.flush(), tokenizer.decode(ids))
  }
})
