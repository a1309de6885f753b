import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The path of a fixture. The compiler does not copy fixtures, so they are found from the package's root. */
export function fixture(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  // The build folders may hold a package.json of their own; the fixtures are only in one place.
  while (!existsSync(join(folder, 'src/audio/fixtures'))) folder = dirname(folder)
  return join(folder, 'src/audio/fixtures', name)
}

export function fixtureBytes(name: string): Uint8Array {
  return readFileSync(fixture(name))
}

export function sine(frequency: number, sampleRate: number, seconds: number, level = 0.5): Float32Array {
  const step = (2 * Math.PI * frequency) / sampleRate
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, i) => level * Math.sin(step * i))
}

/** The amplitude of one frequency in the middle 80 % of a sound, by correlation under a Hann window. */
export function levelAt(samples: Float32Array, sampleRate: number, frequency: number): number {
  const from = Math.floor(samples.length * 0.1)
  const count = Math.floor(samples.length * 0.8)
  let [real, imaginary] = [0, 0]
  for (let i = 0; i < count; i++) {
    const weighted = samples[from + i]! * (1 - Math.cos((2 * Math.PI * (i + 0.5)) / count))
    const angle = (2 * Math.PI * frequency * i) / sampleRate
    real += weighted * Math.cos(angle)
    imaginary += weighted * Math.sin(angle)
  }
  return (2 * Math.hypot(real, imaginary)) / count
}

/** A wav as a test needs it: any code, width and channels, with the sample bytes as given. */
export function wav(
  data: Uint8Array,
  { code = 1, channels = 1, sampleRate = 16000, bits = 16, declared = data.length } = {},
): Uint8Array {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + data.length, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(code, 20)
  header.writeUInt16LE(channels, 22)
  header.writeUInt32LE(sampleRate, 24)
  header.writeUInt32LE((sampleRate * channels * bits) / 8, 28)
  header.writeUInt16LE((channels * bits) / 8, 32)
  header.writeUInt16LE(bits, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(declared, 40)
  return Buffer.concat([header, data])
}

/** An AU file as a test needs it: any encoding and channels, with the sample bytes as given. */
export function au(
  data: Uint8Array,
  { encoding = 3, channels = 1, sampleRate = 22050, offset = 24, declared = data.length } = {},
): Uint8Array {
  const header = Buffer.alloc(offset)
  header.write('.snd', 0, 'latin1')
  for (const [i, field] of [offset, declared, encoding, sampleRate, channels].entries()) {
    header.writeUInt32BE(field, 4 + 4 * i)
  }
  return Buffer.concat([header, data])
}

export function float32Bytes(samples: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer)
}

/**
 * A FLAC at 16 kHz of frames that each say 65,535 times the same sample in 13 to 15 bytes.
 * @param declared samples that the header counts; 0 says that nobody knew
 * @param countsSamples a frame's number is that of its first sample, as where frames differ in size
 */
export function constantFlac(
  frames: number,
  { declared = 65_535 * frames, countsSamples = false } = {},
): Uint8Array {
  const info = Buffer.alloc(34)
  info.writeUInt16BE(65_535, 0)
  info.writeUInt16BE(65_535, 2)
  // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
  const packed = (16_000n << 44n) | (15n << 36n) | BigInt(declared)
  info.writeBigUInt64BE(packed, 10)
  const header = Buffer.concat([Buffer.from('fLaC'), Uint8Array.of(0x80, 0, 0, 34), info])
  return Buffer.concat([header, ...Array.from({ length: frames }, (_, i) => constantFrame(i, countsSamples))])
}

/** One channel of 16 bits; the block's size stands in 16 bits at the header's end (RFC 9639, 9.1). */
function constantFrame(index: number, countsSamples: boolean): Uint8Array {
  const [sync, number] = countsSamples ? [0xf9, 65_535 * index] : [0xf8, index]
  const head = [0xff, sync, 0x75, 0x08, ...Buffer.from(String.fromCodePoint(number)), 0xff, 0xfe]
  const frame = [...head, crc(head, 0x07, 8), 0x00, 0x10, 0x00]
  const check = crc(frame, 0x8005, 16)
  return Uint8Array.from([...frame, check >> 8, check & 0xff])
}

function crc(bytes: readonly number[], polynomial: number, bits: 8 | 16): number {
  const top = 1 << (bits - 1)
  let value = 0
  for (const byte of bytes) {
    value ^= byte << (bits - 8)
    for (let i = 0; i < 8; i++) value = (value & top ? (value << 1) ^ polynomial : value << 1) & (2 * top - 1)
  }
  return value
}
