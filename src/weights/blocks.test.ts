import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../random.js'
import { BLOCK_SIZE, fromBlocks, toBlocks } from './blocks.js'

const random = new Random('blocks')
const numbers = Float32Array.from({ length: 64 * BLOCK_SIZE }, () => random.normal())

describe('rounding to blocks', () => {
  test('8 bits: no number is off by more than half a level', () => {
    const blocks = toBlocks(numbers, 8)
    const rounded = fromBlocks(blocks, 8)
    for (const [i, number] of numbers.entries()) {
      const scale = blocks.scales[Math.floor(i / BLOCK_SIZE)]!
      assert.ok(Math.abs(rounded[i]! - number) <= scale * 0.50001)
    }
  })

  test('relative errors of normal numbers', () => {
    const error = (bits: 4 | 8) => {
      const rounded = fromBlocks(toBlocks(numbers, bits), bits)
      const squared = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0)
      return Math.sqrt(squared(rounded.map((value, i) => value - numbers[i]!)) / squared(numbers))
    }
    assert.ok(error(8) < 0.006, `${error(8)}`)
    // Scales that map the largest number to the end of the range leave 0.086.
    assert.ok(error(4) < 0.081, `${error(4)}`)
  })

  test('what blocks can hold exactly stays', () => {
    for (const bits of [4, 8] as const) {
      const exact = fromBlocks(toBlocks(numbers, bits), bits)
      const again = fromBlocks(toBlocks(exact, bits), bits)
      for (const [i, value] of exact.entries()) assert.ok(Math.abs(again[i]! - value) < 1e-6)
    }
  })

  test('zeros', () => {
    for (const bits of [4, 8] as const) {
      const zeros = fromBlocks(toBlocks(new Float32Array(BLOCK_SIZE), bits), bits)
      assert.ok(zeros.every((value) => value === 0))
    }
  })

  test('two numbers of 4 bits in a byte, the first in its lower half', () => {
    const block = new Float32Array(BLOCK_SIZE)
    block.set([-8, 7])
    const { values, scales } = toBlocks(block, 4)
    assert.equal(values.length, 16)
    assert.ok(Math.abs(scales[0]! - 1) < 1e-6)
    assert.deepEqual([...values.subarray(0, 2)], [0xf0, 0x88])
  })
})
