import { PalError } from '../../errors.js'
import { mistakeAt } from '../place.js'
import { activeSpan, type Span } from '../signal/level.js'
import { readListed } from '../stored-audio.js'
import type { Clip } from './clip.js'

/** A clip with its waveform, mono, and the span of samples where something sounds. */
export interface LoadedClip extends Clip {
  readonly samples: Float32Array
  readonly sampleRate: number
  readonly seconds: number
  readonly active: Span
}

export interface LoadClipsOptions {
  /** Hz. @default 16000 */
  readonly sampleRate?: number
  readonly onProgress?: (done: number, total: number) => void
  /** What the decoder noticed in a recording, such as that it is cut short. */
  readonly onWarning?: (message: string) => void
  /** Stops after the recording under way, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Clips decoded once and kept in memory, 64 kB for each second at 16 kHz: one after the other, and nothing is trimmed.
 * @throws PalError with the CSV's line, or the shard's row, for a file that cannot be read or in which nothing sounds.
 */
export async function loadClips(
  clips: readonly Clip[],
  { sampleRate = 16_000, onProgress, onWarning, signal }: LoadClipsOptions = {},
): Promise<readonly LoadedClip[]> {
  const loaded: LoadedClip[] = []
  for (const clip of clips) {
    signal?.throwIfAborted()
    const { samples, seconds, warnings } = await readListed(clip.audio, clip.place, sampleRate)
    const active = activeSpan(samples, sampleRate)
    if (active.end === active.start) {
      throw new PalError(
        `expected a recording of "${clip.label}", got silence: ${clip.audio.name}`,
        mistakeAt(clip.place),
      )
    }
    loaded.push({ ...clip, samples, sampleRate, seconds, active })
    for (const warning of warnings) onWarning?.(warning)
    onProgress?.(loaded.length, clips.length)
  }
  return loaded
}
