/** What a file was found to hold, by its content. */
export type AudioFormat =
  | 'wav'
  | 'au'
  | 'flac'
  | 'mp3'
  | 'ogg-vorbis'
  | 'ogg-opus'
  | 'ogg-flac'
  | 'aac'
  | 'm4a'

/** A sound at the rate that was asked for, and what it was made from. */
export interface Audio {
  /** [time], mono, nominally within [-1, 1]. */
  readonly samples: Float32Array
  /** Hz. */
  readonly sampleRate: number
  readonly seconds: number
  readonly source: AudioSource
  /** The file is cut short or damaged, so that not all of its sound is here; a warning says how much of it is. */
  readonly damaged?: true
  /** Sentences that name the source, such as "a.wav: cut short: …"; empty when all is well. */
  readonly warnings: readonly string[]
}

/** The sound as it was stored, before it was mixed down and resampled. */
export interface AudioSource {
  /** The path, or what else the sound came from. */
  readonly name: string
  readonly format: AudioFormat
  /** Hz. */
  readonly sampleRate: number
  readonly channels: number
  /** Seconds that could be decoded. */
  readonly seconds: number
}
