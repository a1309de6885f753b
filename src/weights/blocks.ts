/**
 * Weights in blocks: each 32 consecutive numbers of a row share a scale, and each number is a whole one of 4 or 8
 * bits. A number is (stored − middle)·scale, where the middle is 8 or 128; two numbers of 4 bits lie in one byte, the
 * first in its lower half. It is the layout of ONNX Runtime's MatMulNBits and GatherBlockQuantized without zero
 * points.
 */
export interface Blocks {
  /** [rows, columns·bits/8] */
  readonly values: Uint8Array
  /** [rows, columns/32] */
  readonly scales: Float32Array
}

export type Bits = 4 | 8

export const BLOCK_SIZE = 32

/**
 * Rounds a matrix to blocks.
 * @param numbers [rows, columns], where columns is a multiple of 32
 */
export function toBlocks(numbers: Float32Array, bits: Bits): Blocks {
  const scales = new Float32Array(numbers.length / BLOCK_SIZE)
  const values = new Uint8Array((numbers.length * bits) / 8)
  const middle = 2 ** (bits - 1)
  for (let block = 0; block < scales.length; block++) {
    const start = block * BLOCK_SIZE
    const end = start + BLOCK_SIZE
    const scale =
      bits === 4 ? bestScale(numbers, start, end) : Math.fround(largest(numbers, start, end) / 127)
    scales[block] = scale
    for (let i = start; i < end; i++) {
      const value = middle + level(scale === 0 ? 0 : numbers[i]! / scale, middle)
      if (bits === 8) values[i] = value
      else values[i >> 1]! |= i % 2 === 0 ? value : value << 4
    }
  }
  return { values, scales }
}

/** The numbers that blocks stand for, row after row. */
export function fromBlocks({ values, scales }: Blocks, bits: Bits): Float32Array {
  const middle = 2 ** (bits - 1)
  return Float32Array.from({ length: scales.length * BLOCK_SIZE }, (_, i) => {
    const value = bits === 8 ? values[i]! : (values[i >> 1]! >> (i % 2 === 0 ? 0 : 4)) & 15
    return (value - middle) * scales[Math.floor(i / BLOCK_SIZE)]!
  })
}

/** Tried around the scale that maps the largest number to the end of the range. */
const CANDIDATES = Array.from({ length: 13 }, (_, i) => 8 + (i - 6) * 0.2)

/**
 * The scale of 4-bit numbers, −8 … 7, with the least squared error. The number of the largest magnitude goes to the
 * negative end, which has one level more; for the levels that a candidate gives, the best scale is that of the
 * regression ⟨x, q⟩/⟨q, q⟩, which leaves an error of |x|² − ⟨x, q⟩²/⟨q, q⟩.
 */
function bestScale(numbers: Float32Array, start: number, end: number): number {
  let extreme = 0
  for (let i = start; i < end; i++) {
    if (Math.abs(numbers[i]!) > Math.abs(extreme)) extreme = numbers[i]!
  }
  if (extreme === 0) return 0
  let best = 0
  let explained = -1
  for (const levels of CANDIDATES) {
    const inverse = -levels / extreme
    let xq = 0
    let qq = 0
    for (let i = start; i < end; i++) {
      const x = numbers[i]!
      const q = level(x * inverse, 8)
      xq += x * q
      qq += q * q
    }
    if (qq === 0 || (xq * xq) / qq <= explained) continue
    explained = (xq * xq) / qq
    best = xq / qq
  }
  return Math.fround(best)
}

/** The nearest whole number from −middle to middle − 1. */
function level(value: number, middle: number): number {
  const rounded = Math.floor(value + 0.5) // Math.round minds the sign of zeros, and takes three times as long.
  return rounded < -middle ? -middle : rounded > middle - 1 ? middle - 1 : rounded
}

function largest(numbers: Float32Array, start: number, end: number): number {
  let most = 0
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(numbers[i]!)
    if (magnitude > most) most = magnitude
  }
  return most
}
