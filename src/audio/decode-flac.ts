import { bytesAre, view } from './bytes.js'
import { type Completeness, completeness, type Decoded } from './decoded.js'
import { mixDown } from './mix-down.js'
import { isWholeOgg } from './ogg-pages.js'
import { quietly } from './quietly.js'

/** FLAC, plain or in Ogg, by libFLAC. */
export async function decodeFlac(bytes: Uint8Array): Promise<Decoded> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac')
  const decoder = new FLACDecoder()
  await decoder.ready
  try {
    const { channelData, sampleRate, errors } = await quietly(() => decoder.decodeFile(bytes))
    const samples = mixDown(channelData)
    const { complete, ...declared } = declaredCompleteness(bytes, samples.length)
    const completeness = { complete: complete && errors.length === 0, ...declared }
    return { samples, sampleRate, channels: channelData.length, completeness }
  } finally {
    decoder.free()
  }
}

function declaredCompleteness(bytes: Uint8Array, decoded: number): Completeness {
  const isOgg = bytesAre(bytes, 0, 'OggS')
  return isOgg ? { complete: isWholeOgg(bytes) } : completeness(decoded, declaredSamples(bytes))
}

/** STREAMINFO, the first metadata block, counts the samples in 36 bits; 0 says that nobody knew. */
function declaredSamples(bytes: Uint8Array): number | undefined {
  if (bytes.length < 26) return undefined
  const count = (bytes[21]! & 0x0f) * 2 ** 32 + view(bytes).getUint32(22)
  return count === 0 ? undefined : count
}
