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
