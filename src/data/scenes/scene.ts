import type { ClipKind } from '../clips/clip.js'

/** What one can hear in a scene and when. `silence` and `noise` fill a whole scene and are backgrounds. */
export interface SceneEvent {
  readonly label: string
  readonly kind: ClipKind | 'background'
  readonly startSeconds: number
  readonly endSeconds: number
  /** RMS while it sounds, in dB full scale: comparable between events of one scene. */
  readonly levelDb: number
  /** Which recording it is, where it is one: see `clipId`. */
  readonly clip?: string
}

/** A mono waveform and its exact timeline, events in the order in which they start (and end). */
export interface Scene {
  readonly samples: Float32Array
  readonly sampleRate: number
  readonly seconds: number
  readonly events: readonly SceneEvent[]
}
