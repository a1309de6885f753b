import type { AudioFormat } from './audio.js'
import { bytesAre, text } from './bytes.js'
import { DecodeError } from './decoded.js'
import { findMpegFrame } from './mpeg-frame.js'

/** The format that the first bytes speak of. A file's name is never looked at: names lie. */
export function identify(bytes: Uint8Array): AudioFormat {
  if (bytesAre(bytes, 0, 'RIFF') || bytesAre(bytes, 0, 'RF64')) {
    if (bytesAre(bytes, 8, 'WAVE')) return 'wav'
  }
  if (bytesAre(bytes, 0, '.snd')) return 'au'
  if (bytesAre(bytes, 0, 'fLaC')) return 'flac'
  if (bytesAre(bytes, 0, 'OggS')) return identifyOgg(bytes)
  if (bytesAre(bytes, 4, 'ftyp')) return 'm4a'
  if (isAdts(bytes)) return 'aac'
  if (findMpegFrame(bytes) !== undefined) return 'mp3'
  throw unknownFormat(bytes)
}

/** The first packet of a stream names its codec. It follows the page's header and segment table. */
function identifyOgg(bytes: Uint8Array): AudioFormat {
  const packet = 27 + (bytes[26] ?? 0)
  if (bytesAre(bytes, packet, 'OpusHead')) return 'ogg-opus'
  if (bytesAre(bytes, packet + 1, 'vorbis')) return 'ogg-vorbis'
  if (bytesAre(bytes, packet + 1, 'FLAC')) return 'ogg-flac'
  throw new DecodeError(
    `expected Vorbis, Opus or FLAC in this Ogg file, got a stream that begins with ${quoted(bytes.subarray(packet))}`,
  )
}

/** ADTS: twelve sync bits as in MPEG audio, but the two layer bits are zero. */
function isAdts(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0
}

function unknownFormat(bytes: Uint8Array): DecodeError {
  const known = KNOWN_STRANGERS.find(({ at, magic }) => bytesAre(bytes, at, magic))
  return new DecodeError(
    `expected audio (wav, flac, mp3, Ogg Vorbis, Ogg Opus, au, aac or m4a), got ${known?.name ?? 'a file'} that begins with ${quoted(bytes)}`,
    known?.audio ? { hint: 'Convert it first, for example: ffmpeg -i INPUT output.flac' } : {},
  )
}

/** Formats that people do hand in, so that the message can say what they have. */
const KNOWN_STRANGERS = [
  { at: 0, magic: 'FORM', name: 'an AIFF file', audio: true },
  { at: 0, magic: '\x1aE\xdf\xa3', name: 'a WebM or Matroska file', audio: true },
  { at: 0, magic: '0&\xb2u', name: 'a WMA file', audio: true },
  { at: 0, magic: 'caff', name: 'a Core Audio file', audio: true },
  { at: 0, magic: '#!AMR', name: 'an AMR file', audio: true },
  { at: 0, magic: 'MThd', name: 'a MIDI file (notes, not sound)', audio: false },
  { at: 0, magic: 'RIFF', name: 'a RIFF file that is not a wav', audio: false },
  { at: 0, magic: 'PK', name: 'a zip archive', audio: false },
  { at: 0, magic: '\x1f\x8b', name: 'a gzip archive', audio: false },
  { at: 0, magic: '%PDF', name: 'a PDF', audio: false },
  { at: 0, magic: '\x89PNG', name: 'a PNG image', audio: false },
  { at: 0, magic: '\xff\xd8\xff', name: 'a JPEG image', audio: false },
  { at: 0, magic: 'version https://git-lfs', name: 'a Git LFS pointer (run git lfs pull)', audio: false },
  { at: 0, magic: '<', name: 'a web page or XML file', audio: false },
] as const

/** The first bytes for a person to recognise: as text if they are text, else in hexadecimal. */
function quoted(bytes: Uint8Array): string {
  const first = bytes.subarray(0, 16)
  const printable = first.length > 0 && first.every((byte) => byte >= 0x20 && byte < 0x7f)
  if (printable) return JSON.stringify(text(first))
  return `bytes ${[...first].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
}
