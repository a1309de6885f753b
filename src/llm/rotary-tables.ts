import type { LlamaConfig } from './config.js'

/**
 * The cosines and sines of rotary angles, [positions, headSize/2] each: position p turns dimension i by
 * p·theta^(−2i/headSize) (Su et al. 2021, eq. 15).
 */
export function rotaryTables(
  { headSize, ropeTheta }: Pick<LlamaConfig, 'headSize' | 'ropeTheta'>,
  positions: readonly number[],
): { readonly cosine: Float32Array; readonly sine: Float32Array } {
  const half = headSize / 2
  const angle = (i: number) => (positions[Math.floor(i / half)] as number) * ropeTheta ** (-(i % half) / half)
  const count = positions.length * half
  return {
    cosine: Float32Array.from({ length: count }, (_, i) => Math.cos(angle(i))),
    sine: Float32Array.from({ length: count }, (_, i) => Math.sin(angle(i))),
  }
}
