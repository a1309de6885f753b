import type { Decoded } from './decoded.js'
import { mixDown } from './mix-down.js'
import { isWholeOgg } from './ogg-pages.js'
import { quietly } from './quietly.js'

/** Ogg Vorbis, by libvorbis. */
export async function decodeVorbis(bytes: Uint8Array): Promise<Decoded> {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis')
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  try {
    const { channelData, sampleRate, errors } = await quietly(() => decoder.decodeFile(bytes))
    const complete = errors.length === 0 && isWholeOgg(bytes)
    return {
      samples: mixDown(channelData),
      sampleRate,
      channels: channelData.length,
      completeness: { complete },
    }
  } finally {
    decoder.free()
  }
}
