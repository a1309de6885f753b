/** Whether the bytes from `at` on are those of `magic`, one byte a character. */
export function bytesAre(bytes: Uint8Array, at: number, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) {
    if (bytes[at + i] !== magic.charCodeAt(i)) return false
  }
  return true
}

/** Bytes as text, one character a byte. */
export function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * ID3 tags may stand before and after mp3, aac and flac alike. Version 2 stands before and writes its length in
 * 7 bits a byte; version 1 is the last 128 bytes.
 */
export function withoutId3(bytes: Uint8Array): Uint8Array {
  const end = bytesAre(bytes, bytes.length - 128, 'TAG') ? bytes.length - 128 : bytes.length
  return bytes.subarray(Math.min(id3v2Length(bytes), end), end)
}

function id3v2Length(bytes: Uint8Array): number {
  if (!bytesAre(bytes, 0, 'ID3') || bytes.length < 10) return 0
  const length = (bytes[6]! << 21) | (bytes[7]! << 14) | (bytes[8]! << 7) | bytes[9]!
  const footer = bytes[5]! & 0x10 ? 10 : 0
  return 10 + length + footer
}
