import type { MPEGDecoder } from 'mpg123-decoder'
import { joined } from '../joined.js'
import { completeness, type Decoded, DecodeError } from './decoded.js'
import { expectWithinSoFar } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { declaredMpegSamples, endsWithinMpegFrame, findMpegFrame, type MpegFrame } from './mpeg-frame.js'
import { quietly } from './quietly.js'

/** Bytes to decode at a time: the stereo samples of an hour need not be in memory all at once. */
const PIECE = 1 << 20

/** MPEG audio, layers I to III, by mpg123; the encoder's delay and padding are taken off. */
export async function decodeMp3(bytes: Uint8Array, maxSeconds: number): Promise<Decoded> {
  const first = findMpegFrame(bytes)
  if (first === undefined) throw new DecodeError('expected mp3 frames, found none')
  const { MPEGDecoder } = await import('mpg123-decoder')
  const decoder = new MPEGDecoder()
  await decoder.ready
  try {
    const { samples, damaged } = decodePieces(decoder, bytes.subarray(first.at), first, maxSeconds)
    const { complete, ...declared } = completeness(samples.length, declaredMpegSamples(bytes, first))
    const isWhole = complete && !damaged && !endsWithinMpegFrame(bytes, first)
    const { sampleRate, channels } = first
    return { samples, sampleRate, channels, completeness: { complete: isWhole, ...declared } }
  } finally {
    decoder.free()
  }
}

function decodePieces(
  decoder: MPEGDecoder,
  bytes: Uint8Array,
  { channels, sampleRate }: MpegFrame,
  maxSeconds: number,
) {
  const parts: Float32Array[] = []
  let [length, damaged] = [0, false]
  for (let at = 0; at < bytes.length; at += PIECE) {
    const { channelData, errors } = quietly(() => decoder.decode(bytes.subarray(at, at + PIECE)))
    // The decoder always gives two channels; for a mono file they are the same.
    const part = mixDown(channelData.slice(0, channels))
    parts.push(part)
    length += part.length
    damaged ||= errors.length > 0
    expectWithinSoFar(maxSeconds, length, sampleRate)
  }
  return { samples: joined(parts), damaged }
}
