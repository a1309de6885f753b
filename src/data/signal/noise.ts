import type { Random } from '../../random.js'
import { rms } from './level.js'

export type NoiseColor = 'white' | 'pink' | 'brown'

/** Noise with the given RMS. Uniform rather than normal white: it sounds the same and costs a third. */
export function makeNoise(length: number, color: NoiseColor, level: number, random: Random): Float32Array {
  const noise = new Float32Array(length)
  fill[color](noise, random)
  const scale = level / Math.max(rms(noise), Number.MIN_VALUE)
  for (let i = 0; i < length; i++) noise[i] = (noise[i] as number) * scale
  return noise
}

const fill: Record<NoiseColor, (noise: Float32Array, random: Random) => void> = {
  white(noise, random) {
    for (let i = 0; i < noise.length; i++) noise[i] = random.next() - 0.5
  },

  /** Paul Kellet's three-pole filter: −3 dB per octave to within 0.5 dB. */
  pink(noise, random) {
    let a = 0
    let b = 0
    let c = 0
    for (let i = 0; i < noise.length; i++) {
      const white = random.next() - 0.5
      a = 0.99765 * a + white * 0.099046
      b = 0.963 * b + white * 0.2965164
      c = 0.57 * c + white * 1.0526913
      noise[i] = a + b + c + white * 0.1848
    }
  },

  /** A leaky sum of white noise: −6 dB per octave. */
  brown(noise, random) {
    let sum = 0
    for (let i = 0; i < noise.length; i++) {
      sum = 0.995 * sum + random.next() - 0.5
      noise[i] = sum
    }
  },
}
