import type { AudioFormat } from './audio.js'
import type { Decoded } from './decoded.js'

/**
 * Decodes a whole file whose format is known. Each decoder is loaded when a file first asks for it: WebAssembly
 * takes time to compile, and most runs meet one format only. Throws `DecodeError`, or whatever a decoder throws.
 * @param maxSeconds what is longer is refused as early as its format lets one know
 */
export async function decode(bytes: Uint8Array, format: AudioFormat, maxSeconds: number): Promise<Decoded> {
  switch (format) {
    case 'wav':
      return (await import('./decode-wav.js')).decodeWav(bytes, maxSeconds)
    case 'au':
      return (await import('./decode-au.js')).decodeAu(bytes, maxSeconds)
    case 'flac':
    case 'ogg-flac':
      return (await import('./decode-flac.js')).decodeFlac(bytes, maxSeconds)
    case 'mp3':
      return (await import('./decode-mp3.js')).decodeMp3(bytes, maxSeconds)
    case 'ogg-vorbis':
      return (await import('./decode-vorbis.js')).decodeVorbis(bytes, maxSeconds)
    case 'ogg-opus':
      return (await import('./decode-opus.js')).decodeOpus(bytes, maxSeconds)
    case 'aac':
    case 'm4a':
      return (await import('./decode-aac.js')).decodeAac(bytes, format, maxSeconds)
  }
}
