import { joined } from '../joined.js'
import { expectWithinSoFar } from './length-limit.js'
import { mixDown } from './mix-down.js'
import { quietly } from './quietly.js'

/** A decoder of a format that finds the frames itself, wherever the pieces of a file are cut. */
interface PieceDecoder {
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
 * Decodes a file, mixed down to [time], until it is longer than it may be.
 * @param pieces all of the file, in pieces whose samples may lie in memory before anybody looks at their number
 * @throws as `expectWithin` does
 */
export async function decodeInPieces(
  decoder: PieceDecoder,
  pieces: Iterable<Uint8Array>,
  maxSeconds: number,
) {
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
  for (const piece of pieces) take(await quietly(() => decoder.decode(piece)))
  take(await quietly(() => decoder.flush()))
  return { samples: joined(parts), sampleRate, channels, damaged }
}
