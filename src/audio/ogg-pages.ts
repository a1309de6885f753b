import { bytesAre, view } from './bytes.js'

/** One page of an Ogg stream (RFC 3533), with the packets that end in it. */
export interface OggPage {
  /** A count of samples whose meaning is the codec's; -1 where no packet ends in this page. */
  readonly granule: number
  readonly isLast: boolean
  readonly packets: readonly Uint8Array[]
}

/** The pages of a file's first stream, up to the end or to the first page that is not whole. */
export function* oggPages(bytes: Uint8Array): Generator<OggPage> {
  const stored = view(bytes)
  const serial = bytes.length >= 27 ? stored.getUint32(14, true) : 0
  let unfinished: Uint8Array[] = []
  for (const { at, segments, body, end } of storedPages(bytes)) {
    if (end > bytes.length) return
    if (stored.getUint32(at + 14, true) !== serial) continue
    const packets: Uint8Array[] = []
    // A packet is cut in segments of 255 bytes; a shorter one ends it. It may go on in the next page.
    for (let i = 0, from = body, to = body; i < segments.length; i++) {
      to += segments[i]!
      const isEnd = segments[i]! < 255
      if (!isEnd && i < segments.length - 1) continue
      unfinished.push(bytes.subarray(from, to))
      from = to
      if (!isEnd) continue
      packets.push(joined(unfinished))
      unfinished = []
    }
    yield { granule: granule(stored, at), isLast: (bytes[at + 5]! & 4) !== 0, packets }
  }
}

interface StoredPage {
  readonly at: number
  readonly segments: Uint8Array
  readonly body: number
  /** Beyond the file where that was cut short. */
  readonly end: number
}

/** Where the pages of all streams lie, one after the other. */
function* storedPages(bytes: Uint8Array): Generator<StoredPage> {
  for (let at = 0; at + 27 <= bytes.length && bytesAre(bytes, at, 'OggS'); ) {
    const segments = bytes.subarray(at + 27, at + 27 + bytes[at + 26]!)
    const body = at + 27 + bytes[at + 26]!
    const end = body + segments.reduce((sum, length) => sum + length, 0)
    yield { at, segments, body, end }
    at = end
  }
}

/** Vorbis begins with three packets that are no sound: what it is, comments (and pictures), codebooks. */
const HEADERS = 3

/** Packets and bytes of a piece: a packet of Vorbis has up to 4,096 samples of each channel, however few bytes it has. */
const MOST_PACKETS = 1024
const MOST_BYTES = 65_536

/**
 * A file in pieces that end where a page does, the headers together: codec-parser begins a packet again with each piece that it goes
 * on in, which takes seconds for a picture in many.
 */
export function* oggPieces(bytes: Uint8Array): Generator<Uint8Array> {
  let [from, headers, packets] = [0, 0, 0]
  for (const { segments, end } of storedPages(bytes)) {
    const ended = segments.filter((length) => length < 255).length
    headers += ended
    if (headers <= HEADERS) continue
    packets += ended
    if (packets < MOST_PACKETS && end - from < MOST_BYTES) continue
    yield bytes.subarray(from, end)
    ;[from, packets] = [end, 0]
  }
  if (from < bytes.length) yield bytes.subarray(from)
}

/** Whether the stream's last page is there: a file that lost its end has lost that page. */
export function isWholeOgg(bytes: Uint8Array): boolean {
  for (const page of oggPages(bytes)) {
    if (page.isLast) return true
  }
  return false
}

function granule(stored: DataView, at: number): number {
  return stored.getInt32(at + 10, true) * 2 ** 32 + stored.getUint32(at + 6, true)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
}
