import assert from 'node:assert/strict'
import { PalError } from '../errors.js'
import type { Random } from '../random.js'

/** Of a header's bytes, some changed: to any byte, to an extreme, or to one of those that mean something in JSON. */
export function damaged(good: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(good)
  for (let i = random.integer(4); i >= 0; i--) {
    const at = random.integer(random.chance(0.2) ? Math.min(32, bytes.length) : bytes.length)
    if (random.chance(0.3)) bytes.fill(random.pick([0, 255, 127]), at, at + 1 + random.integer(8))
    else bytes[at] = random.chance(0.5) ? random.integer(256) : random.pick(MEANINGFUL)
  }
  return random.chance(0.1) ? bytes.slice(0, random.integer(bytes.length)) : bytes
}

const MEANINGFUL = [...Buffer.from('0129-.e{}[]",:\\ ')]

interface Place {
  readonly offset: number
  readonly byteLength: number
}

/**
 * Parses many damaged headers: each gives tensors that lie inside the file, without overlap, or a PalError that names
 * the file in no more than a few lines.
 */
export function fuzz(
  good: Uint8Array,
  random: Random,
  rounds: number,
  parse: (bytes: Uint8Array<ArrayBuffer>, file: string) => Iterable<Place> | undefined,
): void {
  let opened = 0
  for (let round = 0; round < rounds; round++) {
    const bytes = damaged(good, random)
    try {
      let end = 0
      const places = parse(bytes, 'a-file')
      assert.ok(places, 'all bytes are at hand')
      for (const { offset, byteLength } of [...places].sort(
        (a, b) => a.offset - b.offset || a.byteLength - b.byteLength,
      )) {
        assert.ok(offset >= end && byteLength >= 0)
        end = offset + byteLength
      }
      assert.ok(end <= bytes.length)
      opened++
    } catch (error) {
      if (!(error instanceof PalError)) throw error
      assert.ok(error.message.startsWith('a-file') && error.message.length < 1000, error.message)
    }
  }
  assert.ok(opened > 0 && opened < rounds, `${opened}`)
}
