import type { OpusDecoder } from 'opus-decoder'
import { joined } from '../joined.js'
import { view } from './bytes.js'
import { type Decoded, DecodeError } from './decoded.js'
import { expectWithinSoFar } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { type OggPage, oggPages } from './ogg-pages.js'
import { quietly } from './quietly.js'

/** Opus always decodes at 48 kHz, whatever rate it was made from (RFC 7845, section 5.1). */
const OPUS_RATE = 48000
/** Packets to decode at a time: a packet of two bytes may be 120 ms of each of 255 channels. */
const PACKETS = 64

/** Ogg Opus, by libopus. The pages are read here, because the stream's length is written in them. */
export async function decodeOpus(bytes: Uint8Array, maxSeconds: number): Promise<Decoded> {
  const pages = [...oggPages(bytes)]
  // The first packet is the header, the second the tags; sound begins with the third.
  const [head, , ...packets] = pages.flatMap((page) => page.packets)
  const { preSkip, ...layout } = opusHead(head)
  const { OpusDecoder } = await import('opus-decoder')
  const decoder = new OpusDecoder({ ...layout, preSkip })
  await decoder.ready
  try {
    const kept = presented(pages, preSkip) ?? Number.POSITIVE_INFINITY
    const { samples, damaged } = decodeGroups(decoder, packets, kept, maxSeconds)
    const complete = !damaged && pages.some((page) => page.isLast)
    return { samples, sampleRate: OPUS_RATE, channels: layout.channels, completeness: { complete } }
  } finally {
    decoder.free()
  }
}

/** The packets' sound, [time], up to the samples to keep. */
function decodeGroups(
  decoder: OpusDecoder,
  packets: readonly Uint8Array[],
  kept: number,
  maxSeconds: number,
) {
  const parts: Float32Array[] = []
  let [length, damaged] = [0, false]
  for (let at = 0; at < packets.length && length < kept; at += PACKETS) {
    const { channelData, errors } = quietly(() => decoder.decodeFrames(packets.slice(at, at + PACKETS)))
    const part = mixDown(channelData)
    parts.push(part)
    length += part.length
    damaged ||= errors.length > 0
    expectWithinSoFar(maxSeconds, Math.min(length, kept), OPUS_RATE)
  }
  return { samples: joined(parts).subarray(0, kept), damaged }
}

/**
 * Samples to keep: the last granule counts those that were encoded up to the end, the pre-skip before the start
 * included (RFC 7845, section 4.4). What the last packet has beyond that is padding.
 */
function presented(pages: readonly OggPage[], preSkip: number): number | undefined {
  const last = pages.at(-1)
  return last?.isLast && last.granule >= 0 ? Math.max(0, last.granule - preSkip) : undefined
}

/** The identification header (RFC 7845, section 5.1). */
function opusHead(head: Uint8Array | undefined) {
  if (head === undefined || head.length < 19) throw new DecodeError('expected an Opus header, found none')
  const channels = head[9]!
  const preSkip = view(head).getUint16(10, true)
  if (channels === 0) throw new DecodeError('expected an Opus stream of one channel or more, got 0 channels')
  const isMapped = head[18] !== 0
  if (!isMapped)
    return { channels, preSkip, streamCount: 1, coupledStreamCount: channels - 1, ...identity(channels) }
  return {
    channels,
    preSkip,
    streamCount: head[19]!,
    coupledStreamCount: head[20]!,
    channelMappingTable: [...head.subarray(21, 21 + channels)],
  }
}

function identity(channels: number) {
  return { channelMappingTable: Array.from({ length: channels }, (_, channel) => channel) }
}
