import { text, view } from './bytes.js'

/** A box of an MPEG-4 file; its content may end beyond the file, where that was cut short. */
export interface Mp4Box {
  readonly type: string
  readonly from: number
  readonly to: number
}

/**
 * Boxes that follow one another, each with its length, up to one that cannot be (ISO/IEC 14496-12, 4.2).
 * @param from where the first begins
 * @param to where the last ends
 */
export function* mp4Boxes(bytes: Uint8Array, from = 0, to = bytes.length): Generator<Mp4Box> {
  const data = view(bytes)
  const end = Math.min(to, bytes.length)
  for (let at = from; at + 8 <= end; ) {
    const short = data.getUint32(at)
    const isLong = short === 1 && at + 16 <= end
    const header = isLong ? 16 : 8
    const size = short === 0 ? end - at : isLong ? Number(data.getBigUint64(at + 8)) : short
    if (size < header) return // No box is smaller than its header: the walk would not end.
    yield { type: text(bytes.subarray(at + 4, at + 8)), from: at + header, to: at + size }
    at += size
  }
}

/** How long the file says that its first track of sound is, in seconds; undefined where it says nothing. */
export function declaredMp4Seconds(bytes: Uint8Array): number | undefined {
  const within = (box: Mp4Box | undefined, type: string) =>
    box && [...mp4Boxes(bytes, box.from, box.to)].filter((inner) => inner.type === type)
  const [movie] = [...mp4Boxes(bytes)].filter(({ type }) => type === 'moov')
  for (const track of within(movie, 'trak') ?? []) {
    const [media] = within(track, 'mdia') ?? []
    const [handler] = within(media, 'hdlr') ?? []
    const [header] = within(media, 'mdhd') ?? []
    if (!handler || !header || header.to > bytes.length) continue
    // A handler's type follows four bytes of version and flags, and four that are reserved (8.4.3).
    if (text(bytes.subarray(handler.from + 8, handler.from + 12)) === 'soun') return seconds(bytes, header)
  }
  return undefined
}

/** Units in a second, and how many of them (8.4.2); all ones where nobody knew. */
function seconds(bytes: Uint8Array, { from, to }: Mp4Box): number | undefined {
  const data = view(bytes.subarray(from, to))
  const isLong = data.byteLength >= 32 && data.getUint8(0) === 1
  if (!isLong && data.byteLength < 20) return undefined
  const scale = data.getUint32(isLong ? 20 : 12)
  const [duration, unknown] = isLong
    ? [Number(data.getBigUint64(24)), 2 ** 64]
    : [data.getUint32(16), 2 ** 32 - 1]
  return scale === 0 || duration === unknown ? undefined : duration / scale
}
