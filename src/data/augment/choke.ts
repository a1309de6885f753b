import type { Random } from '../../random.js'
import type { ClipKind } from '../clips/clip.js'
import { sounding } from '../clips/crop.js'

/** Seconds that a drum rings until a hand stops it, drawn evenly over their logarithm. */
const SHORTEST = 0.08
const LONGEST = 0.5
/** Seconds in which the ring dies away. */
const RELEASE = 0.02

/**
 * Chokes a drum now and then, as a drummer does a cymbal, so that how long it rings does not tell which one it is. Other clips, and
 * hits that are shorter anyway, stay as they are.
 */
export function choked(
  samples: Float32Array,
  kind: ClipKind,
  sampleRate: number,
  chance: number,
  random: Random,
): Float32Array {
  if (kind !== 'drum' || chance === 0 || !random.chance(chance)) return samples
  const seconds = Math.exp(random.uniform(Math.log(SHORTEST), Math.log(LONGEST)))
  const hit = sounding(samples, kind, sampleRate)
  const length = Math.round(seconds * sampleRate)
  if (hit.length <= length) return samples
  const kept = hit.slice(0, length)
  const release = Math.round(RELEASE * sampleRate)
  for (let i = 0; i < release; i++) {
    const at = length - release + i
    kept[at] = kept[at]! * (1 - (i + 1) / release)
  }
  return kept
}
