import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.js'
import { drawEncoder } from './hearing.js'

test('an encoder is drawn as often as is said, and else none', () => {
  const random = new Random('dropout')
  const drawn = Array.from({ length: 4000 }, () => drawEncoder({ general: 0.5, speech: 0.1 }, random))
  const share = (name: string | undefined) => drawn.filter((one) => one === name).length / drawn.length
  assert.ok(Math.abs(share('general') - 0.5) < 0.03)
  assert.ok(Math.abs(share('speech') - 0.1) < 0.03)
  assert.equal(drawEncoder({ general: 0 }, random), undefined)
})
