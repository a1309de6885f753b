import type { MPEGDecoder } from 'mpg123-decoder'
import { joined } from '../joined.js'
import { completeness, type Decoded, DecodeError } from './decoded.js'
import { mixDown } from './mix-down.js'
import { declaredMpegSamples, endsWithinMpegFrame, findMpegFrame } from './mpeg-frame.js'
import { quietly } from './quietly.js'

/** Bytes to decode at a time: the stereo samples of an hour need not be in memory all at once. */
const PIECE = 1 << 20

/** MPEG audio, layers I to III, by mpg123; the encoder's delay and padding are taken off. */
export async function decodeMp3(bytes: Uint8Array): Promise<Decoded> {
  const first = findMpegFrame(bytes)
  if (first === undefined) throw new DecodeError('expected mp3 frames, found none')
  const { MPEGDecoder } = await import('mpg123-decoder')
  const decoder = new MPEGDecoder()
  await decoder.ready
  try {
    const { samples, damaged } = decodePieces(decoder, bytes.subarray(first.at), first.channels)
    const { complete, ...declared } = completeness(samples.length, declaredMpegSamples(bytes, first))
    const isWhole = complete && !damaged && !endsWithinMpegFrame(bytes, first)
    const { sampleRate, channels } = first
    return { samples, sampleRate, channels, completeness: { complete: isWhole, ...declared } }
  } finally {
    decoder.free()
  }
}

function decodePieces(decoder: MPEGDecoder, bytes: Uint8Array, channels: 1 | 2) {
  const parts: Float32Array[] = []
  let damaged = false
  for (let at = 0; at < bytes.length; at += PIECE) {
    const { channelData, errors } = quietly(() => decoder.decode(bytes.subarray(at, at + PIECE)))
    // The decoder always gives two channels; for a mono file they are the same.
    parts.push(mixDown(channelData.slice(0, channels)))
    damaged ||= errors.length > 0
  }
  return { samples: joined(parts), damaged }
}
