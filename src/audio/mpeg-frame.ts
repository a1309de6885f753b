import { bytesAre, view } from './bytes.js'

/** One frame of MPEG audio, as its four-byte header describes it (ISO/IEC 11172-3, 13818-3). */
export interface MpegFrame {
  /** Where the frame begins, and its length, both in bytes. */
  readonly at: number
  readonly length: number
  readonly sampleRate: number
  readonly channels: 1 | 2
  /** Samples per channel. */
  readonly samples: number
}

/** How far into a file to look: junk before the first frame is common, but short. */
const SEARCHED_BYTES = 65536

/** The first frame that another one follows, so that two bytes of chance are not taken for a header. */
export function findMpegFrame(bytes: Uint8Array): MpegFrame | undefined {
  const end = Math.min(bytes.length - 4, SEARCHED_BYTES)
  for (let at = 0; at <= end; at++) {
    if (bytes[at] !== 0xff) continue
    const frame = mpegFrame(bytes, at)
    if (frame === undefined) continue
    const next = mpegFrame(bytes, at + frame.length)
    if (next?.sampleRate === frame.sampleRate) return frame
  }
  return undefined
}

/**
 * The number of samples that the file says it has: an encoder's note (Xing, Info) in the first frame counts
 * the frames, and LAME's addition to it counts the samples of delay and padding that a decoder takes off.
 * Undefined where there is no note.
 */
export function declaredMpegSamples(bytes: Uint8Array, first: MpegFrame): number | undefined {
  const mpeg1 = (bytes[first.at + 1]! & 0x08) !== 0
  const sideInfo = mpeg1 ? (first.channels === 1 ? 17 : 32) : first.channels === 1 ? 9 : 17
  const note = first.at + 4 + sideInfo
  if (!bytesAre(bytes, note, 'Xing') && !bytesAre(bytes, note, 'Info')) return undefined
  if (note + 12 > bytes.length) return undefined
  const flags = view(bytes).getUint32(note + 4)
  if ((flags & 1) === 0) return undefined
  const frames = view(bytes).getUint32(note + 8)
  return frames * first.samples - trimmed(bytes, note, flags)
}

/** Whether the bytes run out within a frame. Bytes after the last frame that are not a frame are tags. */
export function endsWithinMpegFrame(bytes: Uint8Array, first: MpegFrame): boolean {
  let frame: MpegFrame | undefined = first
  let end = first.at
  while (frame !== undefined) {
    end = frame.at + frame.length
    frame = mpegFrame(bytes, end)
  }
  return end > bytes.length
}

/** A decoder is this late by itself; it is taken off the start, and so makes up for padding at the end. */
const DECODER_DELAY = 529

/** Two numbers of 12 bits, 21 bytes after LAME's name; the note's optional fields come before the name. */
function trimmed(bytes: Uint8Array, note: number, flags: number): number {
  const fields = (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0)
  const lame = note + 8 + fields
  const at = lame + 21
  const isThere = bytesAre(bytes, lame, 'LAME') || bytesAre(bytes, lame, 'Lav')
  if (!isThere || at + 3 > bytes.length) return DECODER_DELAY
  const delay = (bytes[at]! << 4) | (bytes[at + 1]! >> 4)
  const padding = ((bytes[at + 1]! & 0x0f) << 8) | bytes[at + 2]!
  return delay + Math.max(padding, DECODER_DELAY)
}

function mpegFrame(bytes: Uint8Array, at: number): MpegFrame | undefined {
  const [sync, second, third, fourth] = bytes.subarray(at, at + 4)
  if (fourth === undefined || sync !== 0xff || (second! & 0xe0) !== 0xe0) return undefined
  const version = VERSIONS[(second! >> 3) & 3]
  const layer = LAYERS[(second! >> 1) & 3]
  const bitrateIndex = third! >> 4
  const rateIndex = (third! >> 2) & 3
  if (version === undefined || layer === undefined || rateIndex === 3) return undefined
  if (bitrateIndex === 0 || bitrateIndex === 15) return undefined

  const sampleRate = SAMPLE_RATES[rateIndex]! / version.divisor
  const kilobits = (version.divisor === 1 ? BITRATES_1 : BITRATES_2)[layer]![bitrateIndex]!
  const padding = (third! >> 1) & 1
  const samples = layer === 1 ? 384 : layer === 3 && version.divisor > 1 ? 576 : 1152
  // A layer I frame is counted in slots of four bytes.
  const slot = layer === 1 ? 4 : 1
  const length = (Math.floor((samples / 8 / slot) * ((kilobits * 1000) / sampleRate)) + padding) * slot
  return { at, length, sampleRate, channels: fourth >> 6 === 3 ? 1 : 2, samples }
}

const VERSIONS = [{ divisor: 4 }, undefined, { divisor: 2 }, { divisor: 1 }] as const
const LAYERS = [undefined, 3, 2, 1] as const
const SAMPLE_RATES = [44100, 48000, 32000] as const
const LOW = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] as const
/** kbit/s for MPEG-1, then for MPEG-2 and 2.5: by layer, by index. */
const BITRATES_1: Readonly<Record<number, readonly number[]>> = {
  1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
}
const BITRATES_2: Readonly<Record<number, readonly number[]>> = {
  1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: LOW,
  3: LOW,
}
