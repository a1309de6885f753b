/**
 * Widens bfloat16 to float32, bit for bit: a bfloat16 is the upper half of a float32.
 */
export function widenBfloat16(stored: Uint16Array): Float32Array {
  const wide = new Float32Array(stored.length)
  const bits = new Uint32Array(wide.buffer)
  for (let i = 0; i < stored.length; i++) bits[i] = stored[i]! << 16
  return wide
}

/** Widens float16 (IEEE 754 half precision) to float32, bit for bit: every half is exactly a float32. */
export function widenFloat16(stored: Uint16Array): Float32Array {
  const wide = new Float32Array(stored.length)
  const bits = new Uint32Array(wide.buffer)
  for (let i = 0; i < stored.length; i++) bits[i] = widenHalf(stored[i]!)
  return wide
}

/**
 * Narrows float32 to the nearest float16, ties to even. A number beyond the largest float16 becomes infinite:
 * callers that care compare with `float16Overflow`.
 */
export function narrowToFloat16(values: Float32Array): Uint16Array {
  const narrow = new Uint16Array(values.length)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < values.length; i++) narrow[i] = narrowToHalf(bits[i]!)
  return narrow
}

/** Magnitudes from here on (65504 and half of its last place) round to infinity in float16. */
export const float16Overflow = 65520

function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  // A subnormal half, fraction × 2^-24, is a normal float32: move the leading one to its implicit place.
  const shift = Math.clz32(fraction) - 21
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}

function narrowToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff)
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    // Normal: shift the exponent's bias from 127 to 15. A carry out of the fraction rightly raises the exponent.
    return sign | roundedShift(magnitude - 0x38000000, 13)
  }
  if (magnitude < 0x33000000) return sign
  const fraction = (magnitude & 0x7fffff) | 0x800000
  return sign | roundedShift(fraction, 126 - (magnitude >>> 23))
}

/** value / 2^shift, rounded to the nearest whole number, ties to even. */
function roundedShift(value: number, shift: number): number {
  const half = 1 << (shift - 1)
  const odd = (value >>> shift) & 1
  return (value + half - 1 + odd) >>> shift
}
