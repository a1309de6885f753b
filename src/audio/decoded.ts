/** What a decoder gives back: the sound at its own rate, mixed down to one channel. */
export interface Decoded {
  /** [time], the mean of the channels. */
  readonly samples: Float32Array
  /** Hz. */
  readonly sampleRate: number
  readonly channels: number
  readonly completeness: Completeness
}

/** Whether all of the sound was there, and how long it should have been if the file says so. */
export interface Completeness {
  readonly complete: boolean
  /** Samples per channel. */
  readonly declared?: number
  /** How many of the samples are silence in the place of what was damaged. @default 0 */
  readonly lost?: number
}

/** By the number of samples that the file declares; a file that declares none is taken as it is. */
export function completeness(decoded: number, declared: number | undefined): Completeness {
  return declared === undefined ? { complete: true } : { complete: decoded >= declared, declared }
}

/** A decoder's complaint, to be completed with the name of the file by whoever knows it. */
export class DecodeError extends Error {
  readonly hint: string | undefined

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.hint = options.hint
  }
}
