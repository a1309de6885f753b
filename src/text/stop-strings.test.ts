import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stopAt } from './stop-strings.js'

describe('text ends before a stop string', () => {
  const cases: readonly [name: string, stop: readonly string[], pieces: readonly string[], text: string][] = [
    ['within a piece', ['.'], ['One. Two.'], 'One'],
    ['across pieces', ['END'], ['a E', 'N', 'D b'], 'a '],
    ['that overlaps itself', ['aab'], ['a', 'a', 'a', 'b', 'c'], 'a'],
    ['the first of several', ['two', 'on'], ['one two'], ''],
    ['at the very start', ['x'], ['x'], ''],
    ['none', ['x'], ['one', ' two'], 'one two'],
    ['only the start of one, which is text', ['END'], ['the E', 'N'], 'the EN'],
    ['no strings', [], ['one'], 'one'],
  ]
  for (const [name, stop, pieces, expected] of cases) {
    test(name, () => {
      const text = stopAt(stop)
      let given = ''
      for (const piece of pieces) given += text.push(piece)
      assert.equal(text.stopped, expected !== pieces.join(''))
      assert.equal(given + text.flush(), expected)
    })
  }
})

test('what can be no stop string comes at once', () => {
  const text = stopAt(['END'])
  assert.equal(text.push('one E'), 'one ')
  assert.equal(text.push('x'), 'Ex')
})

test('an empty stop string is refused', () => {
  assert.throws(() => stopAt(['']), /stop: expected stop strings/)
})
