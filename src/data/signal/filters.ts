import type { Random } from '../../random.js'

/** Played `factor` times as fast, pitch and all: Catmull–Rom interpolation between the samples. */
export function speed(samples: Float32Array, factor: number): Float32Array {
  const result = new Float32Array(Math.max(1, Math.floor(samples.length / factor)))
  const last = samples.length - 1
  for (let i = 0; i < result.length; i++) {
    const position = i * factor
    const at = Math.floor(position)
    const t = position - at
    const b = samples[Math.min(at, last)] as number
    const c = samples[Math.min(at + 1, last)] as number
    const a = samples[Math.max(at - 1, 0)] as number
    const d = samples[Math.min(at + 2, last)] as number
    result[i] = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
  }
  return result
}

/** Tilts the spectrum around 1 kHz by so many decibels in all, up at the treble end. In place. */
export function tilt(samples: Float32Array, decibels: number, sampleRate: number): Float32Array {
  const treble = 10 ** (decibels / 40)
  const bass = 1 / treble
  const smoothing = 1 - Math.exp((-2 * Math.PI * 1000) / sampleRate)
  let low = 0
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i] as number
    low += smoothing * (x - low)
    samples[i] = bass * low + treble * (x - low)
  }
  return samples
}

/** Echoes before the pattern repeats. Sparse ("velvet") noise sounds as smooth as dense noise and costs less. */
const echoCount = 8

/**
 * A small room: echoes at random times and signs, repeated by a feedback comb so that they fall by 60 dB
 * within `seconds`, which it adds.
 */
export function reverb(
  samples: Float32Array,
  seconds: number,
  sampleRate: number,
  random: Random,
): Float32Array {
  const period = Math.round(random.uniform(0.03, 0.05) * sampleRate)
  const decay = 10 ** ((-3 * period) / (seconds * sampleRate))
  const result = new Float32Array(samples.length + Math.round(seconds * sampleRate))
  for (let echo = 0; echo < echoCount; echo++) {
    const delay = Math.floor(((echo + random.next()) / echoCount) * period)
    const gain = 0.35 * decay ** (delay / period) * (random.chance(0.5) ? 1 : -1)
    const end = Math.min(result.length, samples.length + delay)
    for (let i = delay; i < end; i++) {
      result[i] = (result[i] as number) + gain * (samples[i - delay] as number)
    }
  }
  for (let i = period; i < result.length; i++) {
    result[i] = (result[i] as number) + decay * (result[i - period] as number)
  }
  for (let i = 0; i < samples.length; i++) result[i] = (result[i] as number) + (samples[i] as number)
  return result
}

/** Taps on each side of the middle one: 0.9 kHz from pass to stop at 16 kHz, −53 dB beyond. */
const filterRadius = 31

/**
 * As if the recording had been made at twice `highest` samples a second: nothing above that frequency
 * (windowed-sinc low-pass, linear phase). A recording that has nothing there is given back as it is.
 */
export function bandLimit(samples: Float32Array, highest: number, sampleRate: number): Float32Array {
  if (highest >= sampleRate / 2) return samples
  const taps = lowPassTaps((highest * 0.92) / sampleRate)
  const padded = new Float64Array(samples.length + 2 * filterRadius + 4)
  padded.set(samples, filterRadius)
  const result = new Float32Array(samples.length)
  // Four neighbours at once share each tap and each sample: half the time of one by one.
  for (let i = 0; i < result.length; i += 4) {
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0]
    let x0 = padded[i] as number
    let x1 = padded[i + 1] as number
    let x2 = padded[i + 2] as number
    for (let k = 0; k < taps.length; k++) {
      const tap = taps[k] as number
      const x3 = padded[i + k + 3] as number
      sum0 += tap * x0
      sum1 += tap * x1
      sum2 += tap * x2
      sum3 += tap * x3
      x0 = x1
      x1 = x2
      x2 = x3
    }
    result[i] = sum0
    // A typed array ignores what is written beyond its end.
    result[i + 1] = sum1
    result[i + 2] = sum2
    result[i + 3] = sum3
  }
  return result
}

/** A Hamming-windowed sinc whose sum is 1; `cutoff` in cycles per sample. */
function lowPassTaps(cutoff: number): Float64Array {
  const taps = Float64Array.from({ length: 2 * filterRadius + 1 }, (_, i) => {
    const k = i - filterRadius
    const sinc = k === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * k) / (Math.PI * k)
    return sinc * (0.54 + 0.46 * Math.cos((Math.PI * k) / filterRadius))
  })
  const total = taps.reduce((sum, tap) => sum + tap)
  return taps.map((tap) => tap / total)
}
