import { widenBfloat16, widenFloat16 } from './float-types.js'
import { type GgufType, ggufTypes } from './gguf-types.js'

/**
 * The numbers that blocks of a GGUF file stand for, bit for bit what gguf-py/gguf/quants.py and ggml-quants.c compute:
 * every product and every difference is rounded to float32.
 */
export function dequantize(bytes: Uint8Array<ArrayBuffer>, type: GgufType): Float32Array {
  if (type === 'F32') return new Float32Array(bytes.buffer)
  if (type === 'F16') return widenFloat16(new Uint16Array(bytes.buffer))
  if (type === 'BF16') return widenBfloat16(new Uint16Array(bytes.buffer))
  const { numbers, bytes: size } = Object.values(ggufTypes).find(({ name }) => name === type)!
  const unpack = UNPACK[type]
  const count = bytes.length / size
  const out = new Float32Array(count * numbers)
  for (let block = 0; block < count; block++) {
    const at = block * size
    unpack(bytes.subarray(at, at + size), out.subarray(block * numbers, (block + 1) * numbers))
  }
  return out
}

/** Writes one block's numbers. */
type Unpack = (block: Uint8Array, out: Float32Array) => void

const UNPACK: Readonly<Record<Exclude<GgufType, 'F32' | 'F16' | 'BF16'>, Unpack>> = {
  /** d, 16 × two 4-bit numbers: d·(q − 8) */
  Q4_0(block, out) {
    const d = half(block, 0)
    for (let i = 0; i < 32; i++) out[i] = d * (nibble(block, 2, i) - 8)
  },
  /** d, m, 16 × two 4-bit numbers: d·q + m */
  Q4_1(block, out) {
    const [d, m] = [half(block, 0), half(block, 2)]
    for (let i = 0; i < 32; i++) out[i] = Math.fround(d * nibble(block, 4, i)) + m
  },
  /** d, 32 high bits, 16 × two low halves: d·(q − 16) */
  Q5_0(block, out) {
    const d = half(block, 0)
    for (let i = 0; i < 32; i++) out[i] = d * ((nibble(block, 6, i) | (bit(block, 2, i) << 4)) - 16)
  },
  /** d, m, 32 high bits, 16 × two low halves: d·q + m */
  Q5_1(block, out) {
    const [d, m] = [half(block, 0), half(block, 2)]
    for (let i = 0; i < 32; i++) {
      out[i] = Math.fround(d * (nibble(block, 8, i) | (bit(block, 4, i) << 4))) + m
    }
  },
  /** d, 32 signed bytes: d·q */
  Q8_0(block, out) {
    const d = half(block, 0)
    for (let i = 0; i < 32; i++) out[i] = d * signed(block[2 + i]!)
  },
  /** d, 16 × two 4-bit numbers that choose one of 16 levels */
  IQ4_NL(block, out) {
    const d = half(block, 0)
    for (let i = 0; i < 32; i++) out[i] = d * LEVELS[nibble(block, 2, i)]!
  },
  /** 16 × 4-bit scale and 4-bit minimum, 256 × 2 bits, d, dmin: d·scale·q − dmin·minimum */
  Q2_K(block, out) {
    const [d, dmin] = [half(block, 80), half(block, 82)]
    for (let group = 0; group < 16; group++) {
      const scale = Math.fround(d * (block[group]! & 15))
      const minimum = Math.fround(dmin * (block[group]! >> 4))
      for (let i = group * 16; i < group * 16 + 16; i++) {
        out[i] = Math.fround(scale * pair(block, 16, i)) - minimum
      }
    }
  },
  /** 256 high bits, 256 × 2 bits, 16 × 6-bit scale, d: d·(scale − 32)·(q − 4 where the high bit is not set) */
  Q3_K(block, out) {
    const d = half(block, 108)
    for (let group = 0; group < 16; group++) {
      const low = (block[96 + (group % 8)]! >> (group < 8 ? 0 : 4)) & 15
      const high = (block[104 + (group % 4)]! >> (2 * (group >> 2))) & 3
      const scale = Math.fround(d * ((low | (high << 4)) - 32))
      for (let i = group * 16; i < group * 16 + 16; i++) {
        const isSet = (block[i % 32]! >> (i >> 5)) & 1
        out[i] = scale * (pair(block, 32, i) - (isSet ? 0 : 4))
      }
    }
  },
  /** d, dmin, 8 × 6-bit scale and minimum, 256 × 4 bits: d·scale·q − dmin·minimum */
  Q4_K(block, out) {
    for (let group = 0; group < 8; group++) {
      const { scale, minimum } = scaleOf(block, group)
      for (let i = 0; i < 32; i++) {
        const q = (block[16 + 32 * (group >> 1) + i]! >> (group % 2 === 0 ? 0 : 4)) & 15
        out[32 * group + i] = Math.fround(scale * q) - minimum
      }
    }
  },
  /** d, dmin, 8 × 6-bit scale and minimum, 256 high bits, 256 × 4 bits: d·scale·q − dmin·minimum */
  Q5_K(block, out) {
    for (let group = 0; group < 8; group++) {
      const { scale, minimum } = scaleOf(block, group)
      for (let i = 0; i < 32; i++) {
        const low = (block[48 + 32 * (group >> 1) + i]! >> (group % 2 === 0 ? 0 : 4)) & 15
        const high = (block[16 + i]! >> group) & 1
        out[32 * group + i] = Math.fround(scale * (low | (high << 4))) - minimum
      }
    }
  },
  /** 256 × low 4 bits, 256 × high 2 bits, 16 signed scales, d: d·scale·(q − 32) */
  Q6_K(block, out) {
    const d = half(block, 208)
    for (let i = 0; i < 256; i++) {
      const [part, place] = [i >> 7, i & 127]
      const low = (block[64 * part + (place & 63)]! >> (place < 64 ? 0 : 4)) & 15
      const high = (block[128 + 32 * part + (place & 31)]! >> (2 * (place >> 5))) & 3
      out[i] = Math.fround(d * signed(block[192 + (i >> 4)]!)) * ((low | (high << 4)) - 32)
    }
  },
}

const LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const

/** The scale and minimum of one of the 8 groups of Q4_K and Q5_K: 6 bits each, spread over 12 bytes from byte 4. */
function scaleOf(block: Uint8Array, group: number): { readonly scale: number; readonly minimum: number } {
  const at = 4 + (group % 4)
  const [a, b, c] = [block[at]!, block[at + 4]!, block[at + 8]!]
  const scale = group < 4 ? a & 63 : (c & 15) | ((a >> 2) & 48)
  const minimum = group < 4 ? b & 63 : (c >> 4) | ((b >> 2) & 48)
  return { scale: Math.fround(half(block, 0) * scale), minimum: Math.fround(half(block, 2) * minimum) }
}

/** Every float16 there is, widened: a table is quicker than the arithmetic. */
let halves: Float32Array | undefined
function half(block: Uint8Array, at: number): number {
  halves ??= widenFloat16(Uint16Array.from({ length: 65536 }, (_, i) => i))
  return halves[block[at]! | (block[at + 1]! << 8)]!
}

/** 4-bit number i of 32: the first 16 lie in the lower halves. */
function nibble(block: Uint8Array, at: number, i: number): number {
  return i < 16 ? block[at + i]! & 15 : block[at + i - 16]! >> 4
}

function bit(block: Uint8Array, at: number, i: number): number {
  return (block[at + (i >> 3)]! >> (i & 7)) & 1
}

/** 2-bit number i of 256: of each 128, the first 32 lie in the lowest bits of 32 bytes, the next in the next. */
function pair(block: Uint8Array, at: number, i: number): number {
  return (block[at + 32 * (i >> 7) + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}
