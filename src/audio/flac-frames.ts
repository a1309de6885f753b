/** A frame of a FLAC file, and the number of its first sample in the sound. */
export interface FlacFrame {
  readonly bytes: Uint8Array
  readonly start: number
}

/**
 * The frames that are whole by both of their checksums (RFC 9639, 9.1 and 9.3), whatever stands between them.
 * @param blockSize samples of every frame but the last, where frames count themselves and not their samples
 */
export function* wholeFlacFrames(bytes: Uint8Array, blockSize: number): Generator<FlacFrame> {
  for (let at = nextHeader(bytes, 0); at < bytes.length; ) {
    const end = endOfFrame(bytes, at)
    if (end !== undefined) {
      const { number, countsSamples } = headerAt(bytes, at)!
      yield { bytes: bytes.subarray(at, end), start: countsSamples ? number : number * blockSize }
    }
    at = end !== undefined && headerAt(bytes, end) ? end : nextHeader(bytes, end ?? at + 1)
  }
}

/** Within a frame a header may be found by chance, but hardly more than one. */
const MOST_BY_CHANCE = 3

/** Where the frame ends that begins at a header: before another header or with the file, if its checksum says that it is whole. */
function endOfFrame(bytes: Uint8Array, start: number): number | undefined {
  let [crc, end] = [0, start]
  for (let tried = 0; tried <= MOST_BY_CHANCE && end < bytes.length; tried++) {
    const next = nextHeader(bytes, end + 1)
    crc = crc16(bytes, end, next, crc)
    end = next
    // A checksum over what it is written behind of, and itself, is 0.
    if (crc === 0) return end
  }
  return undefined
}

function nextHeader(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (headerAt(bytes, at)) return at
  }
  return bytes.length
}

interface FrameHeader {
  /** Of the frame, or of its first sample. */
  readonly number: number
  readonly countsSamples: boolean
}

/** What a header says, if there is one: it begins with 15 bits that are always the same and ends with a checksum. */
function headerAt(bytes: Uint8Array, at: number): FrameHeader | undefined {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xfe) !== 0xf8) return undefined
  const [sizes, first] = [bytes[at + 2]!, bytes[at + 4]!]
  const extraSize = SIZE_BYTES[sizes >> 4] ?? 0
  const extraRate = RATE_BYTES[sizes & 0x0f] ?? 0
  // The number is written as UTF-8 writes a character, with up to 36 bits.
  const ones = Math.clz32(~(first << 24))
  const length = Math.max(1, ones)
  const end = at + 4 + length + extraSize + extraRate
  if (ones === 1 || ones > 7 || end >= bytes.length || crc8(bytes, at, end) !== bytes[end]) return undefined
  let number = ones === 0 ? first : first & (0x7f >> ones)
  for (let i = 1; i < length; i++) number = number * 64 + (bytes[at + 4 + i]! & 0x3f)
  return { number, countsSamples: (bytes[at + 1]! & 1) === 1 }
}

/** Codes of sizes and rates that stand at the header's end, and in how many bytes. */
const SIZE_BYTES: Readonly<Record<number, number>> = { 6: 1, 7: 2 }
const RATE_BYTES: Readonly<Record<number, number>> = { 12: 1, 13: 2, 14: 2 }

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = CRC_8[crc ^ bytes[i]!]!
  return crc
}

function crc16(bytes: Uint8Array, from: number, to: number, before: number): number {
  let crc = before
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ CRC_16[(crc >> 8) ^ bytes[i]!]!
  return crc
}

const CRC_8 = crcTable(0x07, 8)
const CRC_16 = crcTable(0x8005, 16)

function crcTable(polynomial: number, bits: 8 | 16): Uint16Array {
  const [top, all] = [1 << (bits - 1), (1 << bits) - 1]
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8)
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ (crc & top ? polynomial : 0)) & all
    return crc
  })
}
