/**
 * The mean of the channels, sample by sample: [channel][time] → [time]. One channel is given back as it is.
 * A mean cannot clip and keeps a sound that all channels share at its level.
 */
export function mixDown(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels
  if (first === undefined) return new Float32Array(0)
  if (others.length === 0) return first
  const mono = Float32Array.from(first)
  for (const channel of others) {
    for (let i = 0; i < mono.length; i++) mono[i]! += channel[i]!
  }
  for (let i = 0; i < mono.length; i++) mono[i]! /= channels.length
  return mono
}

/** [time] of one part after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
