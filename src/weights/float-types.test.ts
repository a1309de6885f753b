import assert from 'node:assert/strict'
import { test } from 'node:test'
import { float16Overflow, narrowToFloat16, widenBfloat16, widenFloat16 } from './float-types.js'

const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i)

test('every float16 is widened to the value that IEEE 754 gives it', () => {
  const wide = widenFloat16(everyPattern)
  for (const half of everyPattern) {
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    const magnitude =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1 + fraction / 1024) * 2 ** (exponent - 15)
    assert.ok(Object.is(wide[half], half & 0x8000 ? -magnitude : magnitude), `pattern ${half}`)
  }
})

test('narrowing brings every float16 back, payloads of NaN apart', () => {
  const back = narrowToFloat16(widenFloat16(everyPattern))
  for (const half of everyPattern) {
    const isNotANumber = (half & 0x7fff) > 0x7c00
    assert.equal(back[half], isNotANumber ? half | 0x200 : half)
  }
})

test('narrowing rounds to the nearest, ties to even', () => {
  const halves = widenFloat16(everyPattern)
  for (let half = 0; half < 0x7bff; half++) {
    const [low, high] = [halves[half] as number, halves[half + 1] as number]
    const middle = (low + high) / 2
    const even = half % 2 === 0 ? half : half + 1
    const nudge = (high - low) / 64
    const values = Float32Array.of(middle - nudge, middle, middle + nudge, -middle)
    assert.deepEqual([...narrowToFloat16(values)], [half, even, half + 1, even | 0x8000])
  }
})

test('float16 overflows where it is said to, and tiny numbers become zero', () => {
  const values = Float32Array.of(float16Overflow - 1, float16Overflow, 2 ** -25, 2 ** -26, -1e-30)
  assert.deepEqual([...narrowToFloat16(values)], [0x7bff, 0x7c00, 0, 0, 0x8000])
})

test('bfloat16 is the upper half of a float32, NaN payloads too', () => {
  const bits = new Uint32Array(widenBfloat16(everyPattern).buffer)
  for (const pattern of everyPattern) assert.equal(bits[pattern], pattern * 65536)
})
