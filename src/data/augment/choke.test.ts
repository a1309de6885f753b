import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { checkChoke } from '../sources/synthetic-source.js'
import { choked } from './choke.js'

const ring = Float32Array.from({ length: 16000 }, (_, i) => Math.cos(i))

test('a choked drum begins as it did, ends early and dies away', () => {
  const lengths = Array.from({ length: 200 }, (_, seed) => {
    const hit = choked(ring, 'drum', 8000, 1, new Random('choke', seed))
    assert.ok(Math.abs(hit.at(-1)!) === 0)
    assert.deepEqual(hit.subarray(0, 400), ring.subarray(0, 400))
    return hit.length / 8000
  })
  assert.ok(Math.min(...lengths) >= 0.08 && Math.max(...lengths) <= 0.5)
  assert.ok(lengths.filter((seconds) => seconds < 0.2).length > 70, 'as many short ones as long ones')
})

test('only drums, only by chance, and none that is short anyway', () => {
  assert.equal(choked(ring, 'sound', 8000, 1, new Random('choke')), ring)
  assert.equal(choked(ring, 'digit', 8000, 1, new Random('choke')), ring)
  const short = ring.subarray(0, 600)
  assert.equal(choked(short, 'drum', 8000, 1, new Random('choke')), short)
  const random = new Random('choke')
  const before = new Random('choke').next()
  assert.equal(choked(ring, 'drum', 8000, 0, random), ring)
  assert.equal(random.next(), before, 'nothing is drawn where nothing is to be choked')
  const some = Array.from({ length: 400 }, (_, seed) => choked(ring, 'drum', 8000, 0.25, new Random(seed)))
  const share = some.filter((hit) => hit !== ring).length / some.length
  assert.ok(Math.abs(share - 0.25) < 0.08, `${share}`)
})

test('drums to choke where there are none are refused', () => {
  const clip = { kind: 'digit' } as never
  assert.throws(
    () => checkChoke([clip], 0.5, 'digits'),
    /digits\.chokeChance.*expected recordings of drums to choke, got none among 1/,
  )
  checkChoke([clip], 0, 'digits')
  checkChoke([{ kind: 'drum' } as never], 0.5, 'drums')
})
