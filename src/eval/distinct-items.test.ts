import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectDistinct } from './distinct-items.js'

test('an id is that of one question', () => {
  expectDistinct([])
  expectDistinct([{ id: 'a' }, { id: 'b' }])
})

test('a repeated id is told with the places of both questions, or their numbers', () => {
  const at = (line: number) => ({ id: 'a', place: { file: 'questions.jsonl', line } })
  assert.throws(
    () => expectDistinct([at(2), { id: 'b' }, at(7)]),
    /^PalError: questions\.jsonl:7, id: expected an id .* got "a" again, which is that of questions\.jsonl:2\nGive each/,
  )
  assert.throws(
    () => expectDistinct([{ id: 'a' }, { id: 'b' }, { id: 'a' }]),
    /question 3: expected .* got "a" again, which is that of question 1\n/,
  )
})
