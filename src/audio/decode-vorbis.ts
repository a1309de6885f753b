import { decodeInPieces } from './decode-in-pieces.js'
import type { Decoded } from './decoded.js'
import { isWholeOgg, oggPieces } from './ogg-pages.js'

/** Ogg Vorbis, by libvorbis. */
export async function decodeVorbis(bytes: Uint8Array, maxSeconds: number): Promise<Decoded> {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis')
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  try {
    const { damaged, ...decoded } = await decodeInPieces(decoder, oggPieces(bytes), maxSeconds)
    return { ...decoded, completeness: { complete: !damaged && isWholeOgg(bytes) } }
  } finally {
    decoder.free()
  }
}
