import type { AudioFormat } from './audio.js'
import type { Decoded } from './decoded.js'

/**
 * Decodes a whole file whose format is known. Each decoder is loaded when a file first asks for it: WebAssembly
 * takes time to compile, and most runs meet one format only. Throws `DecodeError`, or whatever a decoder throws.
 */
export async function decode(bytes: Uint8Array, format: AudioFormat): Promise<Decoded> {
  switch (format) {
    case 'wav':
      return (await import('./decode-wav.js')).decodeWav(bytes)
    case 'au':
      return (await import('./decode-au.js')).decodeAu(bytes)
    case 'flac':
    case 'ogg-flac':
      return (await import('./decode-flac.js')).decodeFlac(bytes)
    case 'mp3':
      return (await import('./decode-mp3.js')).decodeMp3(bytes)
    case 'ogg-vorbis':
      return (await import('./decode-vorbis.js')).decodeVorbis(bytes)
    case 'ogg-opus':
      return (await import('./decode-opus.js')).decodeOpus(bytes)
    case 'aac':
    case 'm4a':
      return (await import('./decode-aac.js')).decodeAac(bytes, format)
  }
}
