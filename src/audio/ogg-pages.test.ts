import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oggPieces } from './ogg-pages.js'

/** A page, without the checksum, whose segments have these lengths. */
function page(...segments: readonly number[]): Buffer {
  const body = segments.reduce((sum, length) => sum + length, 0)
  const header = Buffer.alloc(27)
  header.write('OggS')
  header[26] = segments.length
  return Buffer.concat([header, Buffer.from(segments), Buffer.alloc(body, 7)])
}

const full = Array.from({ length: 255 }, () => 255)
/** What it is; comments of a megabyte, which end on a page with the codebooks. */
const headers = Buffer.concat([
  page(30),
  ...Array.from({ length: 16 }, () => page(...full)),
  page(10, 255, 40),
])

test('the headers of an Ogg stay together, however long, and what follows is cut where pages end', () => {
  const sound = Array.from({ length: 40 }, () => page(...full.slice(0, 100), 3))
  const file = Buffer.concat([headers, ...sound, Buffer.from('the rest')])
  const pieces = [...oggPieces(file)]
  assert.ok(Buffer.concat(pieces).equals(file))
  assert.ok(pieces[0]!.length >= headers.length && pieces[0]!.length < headers.length + 2 * sound[0]!.length)
  for (const piece of pieces.slice(1)) {
    assert.ok(piece.length < 65_536 + sound[0]!.length)
  }
  for (const piece of pieces.slice(1, -1)) assert.equal(Buffer.from(piece.subarray(0, 4)).toString(), 'OggS')
})

test('of packets that are small there are few in a piece: each may be many samples', () => {
  const tiny = Array.from({ length: 100 }, () => page(...Array.from({ length: 255 }, () => 1)))
  const pieces = [...oggPieces(Buffer.concat([headers, ...tiny]))]
  assert.ok(pieces.length >= 19)
  for (const piece of pieces.slice(1)) assert.ok(piece.length <= 5 * tiny[0]!.length)
})

test('what is no Ogg, or is cut, is one piece more', () => {
  assert.deepEqual([...oggPieces(Buffer.from('nothing'))].length, 1)
  const cut = headers.subarray(0, headers.length - 20)
  assert.ok(Buffer.concat([...oggPieces(cut)]).equals(cut))
  assert.deepEqual([...oggPieces(new Uint8Array(0))], [])
})
