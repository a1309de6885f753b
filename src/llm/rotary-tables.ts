import type { LlamaConfig, RopeScaling } from './config.js'

type Rotation = Pick<LlamaConfig, 'headSize' | 'ropeTheta' | 'ropeScaling'>

/** The cosines and sines of rotary angles, [positions, headSize/2] each: position p turns dimension i by p·ω_i. */
export function rotaryTables(
  config: Rotation,
  positions: readonly number[],
): { readonly cosine: Float32Array; readonly sine: Float32Array } {
  const frequencies = rotaryFrequencies(config)
  const half = frequencies.length
  const cosine = new Float32Array(positions.length * half)
  const sine = new Float32Array(positions.length * half)
  for (let row = 0; row < positions.length; row++) {
    for (let i = 0; i < half; i++) {
      const angle = positions[row]! * frequencies[i]!
      cosine[row * half + i] = Math.cos(angle)
      sine[row * half + i] = Math.sin(angle)
    }
  }
  return { cosine, sine }
}

/** ω_i = theta^(−2i/headSize), in radians a position (Su et al. 2021, eq. 15), scaled if the model is: [headSize/2]. */
export function rotaryFrequencies({ headSize, ropeTheta, ropeScaling }: Rotation): readonly number[] {
  const half = headSize / 2
  return Array.from({ length: half }, (_, i) => {
    const frequency = ropeTheta ** (-i / half)
    return ropeScaling ? scaled(frequency, ropeScaling) : frequency
  })
}

function scaled(frequency: number, scaling: RopeScaling): number {
  const slow = frequency / scaling.factor
  if (scaling.kind === 'linear') return slow
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling
  const turns = (originalPositions * frequency) / (2 * Math.PI)
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)))
  return kept * frequency + (1 - kept) * slow
}
