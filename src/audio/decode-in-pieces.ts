import { joined } from '../joined.js'
import { expectWithinSoFar } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { quietly } from './quietly.js'

/** A decoder of a format that finds the frames itself, wherever the pieces of a file are cut. */
export interface PieceDecoder {
  decode(piece: Uint8Array): Promise<DecodedPiece>
  /** What waited for more. */
  flush(): Promise<DecodedPiece>
}

interface DecodedPiece {
  /** [channel][time] */
  readonly channelData: readonly Float32Array[]
  readonly sampleRate: number
  readonly errors: readonly unknown[]
}

/**
 * Bytes to decode at a time. A frame of FLAC that says "65,535 times the same" has 13 bytes: of more at once the samples might
 * fill the memory before anybody could look at their number. It takes no longer than a whole file at once does (by hand).
 */
const PIECE = 4096

/** Decodes a file, mixed down to [time], until it is longer than it may be. @throws as `expectWithin` does */
export async function decodeInPieces(decoder: PieceDecoder, bytes: Uint8Array, maxSeconds: number) {
  const parts: Float32Array[] = []
  let [length, sampleRate, channels, damaged] = [0, 0, 0, false]
  const take = (piece: DecodedPiece) => {
    const part = mixDown(piece.channelData)
    if (part.length > 0) {
      parts.push(part)
      length += part.length
      sampleRate = piece.sampleRate
      channels = piece.channelData.length
    }
    damaged ||= piece.errors.length > 0
    expectWithinSoFar(maxSeconds, length, sampleRate)
  }
  for (let at = 0; at < bytes.length; at += PIECE) {
    take(await quietly(() => decoder.decode(bytes.subarray(at, at + PIECE))))
  }
  take(await quietly(() => decoder.flush()))
  return { samples: joined(parts), sampleRate, channels, damaged }
}
