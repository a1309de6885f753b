/** Samples in one measuring frame, in seconds: short enough for a drum hit, long enough for a low voice. */
const frameSeconds = 0.01

/** A stretch of samples, `end` excluded. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What 0 dB full scale means here: an RMS of 1. Silence is −Infinity. */
export const toDecibels = (amplitude: number): number => 20 * Math.log10(amplitude)
export const fromDecibels = (decibels: number): number => 10 ** (decibels / 20)

export function rms(samples: Float32Array): number {
  let sum = 0
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i] as number
    sum += x * x
  }
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length)
}

export function peak(samples: Float32Array): number {
  let highest = 0
  for (let i = 0; i < samples.length; i++) {
    const x = Math.abs(samples[i] as number)
    if (x > highest) highest = x
  }
  return highest
}

/**
 * RMS of the frames within 25 dB of the loudest one: how loud a sound is while it sounds, whatever the length
 * of the pauses in it. 0 for silence.
 */
export function activeRms(samples: Float32Array, sampleRate: number): number {
  const energies = frameEnergies(samples, sampleRate)
  const threshold = loudest(energies) * 10 ** (-25 / 10)
  if (threshold === 0) return 0
  let sum = 0
  let count = 0
  for (const energy of energies) {
    if (energy < threshold) continue
    sum += energy
    count++
  }
  return Math.sqrt(sum / count)
}

/** From the first to the last frame within 35 dB of the loudest one; empty for silence. */
export function activeSpan(samples: Float32Array, sampleRate: number): Span {
  const energies = frameEnergies(samples, sampleRate)
  const threshold = loudest(energies) * 10 ** (-35 / 10)
  if (threshold === 0) return { start: 0, end: 0 }
  const size = frameSize(sampleRate)
  const first = energies.findIndex((energy) => energy >= threshold)
  const last = energies.findLastIndex((energy) => energy >= threshold)
  return { start: first * size, end: Math.min(samples.length, (last + 1) * size) }
}

/** The first sample of the loudest frame. */
export function loudestSample(samples: Float32Array, sampleRate: number): number {
  const energies = frameEnergies(samples, sampleRate)
  return energies.indexOf(loudest(energies)) * frameSize(sampleRate)
}

const frameSize = (sampleRate: number) => Math.max(1, Math.round(sampleRate * frameSeconds))

/** Mean square of each frame; the last frame may be shorter. */
function frameEnergies(samples: Float32Array, sampleRate: number): Float64Array {
  const size = frameSize(sampleRate)
  const energies = new Float64Array(Math.ceil(samples.length / size))
  for (let frame = 0; frame < energies.length; frame++) {
    const end = Math.min(samples.length, (frame + 1) * size)
    let sum = 0
    for (let i = frame * size; i < end; i++) {
      const x = samples[i] as number
      sum += x * x
    }
    energies[frame] = sum / (end - frame * size)
  }
  return energies
}

function loudest(energies: Float64Array): number {
  let highest = 0
  for (const energy of energies) if (energy > highest) highest = energy
  return highest
}
