import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import type { Examples } from '../source.js'
import { Epochs } from './epochs.js'

const examples: Examples = {
  size: 7,
  at: (index) => ({ samples: new Float32Array(), turns: [{ question: '', answer: `${index}`, task: '' }] }),
}

function drawn(epochs: Epochs, from: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => epochs.draw(from + i, new Random(1)).turns[0]!.answer)
}

test('an epoch has each example once, in an order of its own', () => {
  const epochs = new Epochs(examples, 1, 'stage')
  const three = [0, 1, 2].map((epoch) => drawn(epochs, 7 * epoch, 7))
  for (const order of three) assert.deepEqual([...order].sort(), ['0', '1', '2', '3', '4', '5', '6'])
  assert.equal(new Set(three.map(String)).size, 3)
})

test('what comes at a place depends on the keys alone, not on what was drawn before', () => {
  const whole = drawn(new Epochs(examples, 1, 'stage'), 0, 30)
  for (const from of [25, 3, 13, 6]) {
    assert.deepEqual(drawn(new Epochs(examples, 1, 'stage'), from, 5), whole.slice(from, from + 5))
  }
  assert.notDeepEqual(drawn(new Epochs(examples, 2, 'stage'), 0, 30), whole)
  assert.notDeepEqual(drawn(new Epochs(examples, 1, 'other'), 0, 30), whole)
})
