import { PalError } from '../errors.js'
import type { Clip } from './clips.js'
import { activeSpan, type Span } from './level.js'
import { mistakeAt, placeName } from './place.js'
import { readStored } from './stored-audio.js'

/** A clip with its waveform, mono, and the span of samples where something sounds. */
export interface LoadedClip extends Clip {
  readonly samples: Float32Array
  readonly sampleRate: number
  readonly seconds: number
  readonly active: Span
}

export interface ClipLibraryOptions {
  readonly sampleRate?: number
  readonly onProgress?: (done: number, total: number) => void
}

/** Clips decoded once and kept in memory: 64 kB for each second at 16 kHz. */
export class ClipLibrary {
  private constructor(
    readonly clips: readonly LoadedClip[],
    readonly sampleRate: number,
    readonly warnings: readonly string[],
  ) {}

  get seconds(): number {
    return this.clips.reduce((sum, clip) => sum + clip.seconds, 0)
  }

  /**
   * Decodes the clips one after the other and trims nothing.
   * @throws PalError with the CSV's line, or the shard's row, for a file that cannot be read or in which nothing sounds.
   */
  static async load(
    clips: readonly Clip[],
    { sampleRate = 16_000, onProgress }: ClipLibraryOptions = {},
  ): Promise<ClipLibrary> {
    const loaded: LoadedClip[] = []
    const warnings: string[] = []
    for (const clip of clips) {
      const audio = await read(clip, sampleRate)
      const active = activeSpan(audio.samples, sampleRate)
      if (active.end === active.start) {
        throw new PalError(
          `expected a recording of "${clip.label}", got silence: ${clip.audio.name}`,
          mistakeAt(clip.place),
        )
      }
      loaded.push({ ...clip, samples: audio.samples, sampleRate, seconds: audio.seconds, active })
      warnings.push(...audio.warnings.map((warning) => `${placeName(clip.place)}: ${warning}`))
      onProgress?.(loaded.length, clips.length)
    }
    return new ClipLibrary(loaded, sampleRate, warnings)
  }
}

async function read(clip: Clip, sampleRate: number) {
  try {
    return await readStored(clip.audio, sampleRate)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PalError(`expected audio that can be read: ${reason}`, {
      ...mistakeAt(clip.place),
      cause,
    })
  }
}
