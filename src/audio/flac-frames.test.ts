import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeFlacFrames } from './flac-frames.js'
import { constantFlac, fixtureBytes } from './sounds.test.helper.js'

const startsOf = (bytes: Uint8Array, blockSize: number) =>
  [...wholeFlacFrames(bytes, blockSize)].map(({ start }) => start)

test('frames follow one another and say where they stand, by their number or by that of their sample', () => {
  const starts = (count: number) => Array.from({ length: count }, (_, i) => 65_535 * i)
  // Beyond frame 127, and from the second sample count on, numbers have several bytes.
  assert.deepEqual(startsOf(constantFlac(300), 65_535), starts(300))
  assert.deepEqual(startsOf(constantFlac(16, { countsSamples: true }), 1), starts(16))
  assert.deepEqual(startsOf(fixtureBytes('stereo.flac'), 512), [0, 512, 1024, 1536, 2048, 2560])
  assert.deepEqual(startsOf(fixtureBytes('ends-in-fff8.flac'), 4096), [0])
})

test('a frame that is damaged or cut off is left out, and so is what is none', () => {
  const whole = fixtureBytes('stereo.flac')
  const damaged = (at: number) => startsOf(Uint8Array.from(whole).fill(0x55, at, at + 1), 512)
  assert.deepEqual(damaged(10_700), [0, 1024, 1536, 2048, 2560])
  // A header that is damaged ends no frame before it either.
  assert.deepEqual(damaged(9583), [1024, 1536, 2048, 2560])
  assert.deepEqual(startsOf(whole.subarray(0, -1), 512), [0, 512, 1024, 1536, 2048])
  assert.deepEqual(startsOf(Uint8Array.of(0xff, 0xf8, 0xff), 512), [])
  assert.deepEqual(startsOf(Buffer.alloc(5000, Uint8Array.of(0xff, 0xf8, 0xc9, 0x08, 0x00, 0x95)), 4096), [])
})
