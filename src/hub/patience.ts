import { setTimeout } from 'node:timers/promises'

/** How long a server is waited for. */
export interface Patience {
  /** Failures in a row, without a byte in between, after which it is given up. */
  readonly attempts: number
  /** A connection that is silent for so long is taken for broken, in milliseconds. */
  readonly silence: number
  /** The longest wait that a server may ask for, in milliseconds. */
  readonly longest: number
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>
}

export const patient: Patience = {
  attempts: 6,
  silence: 60_000,
  longest: 5 * 60_000,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal && { signal }),
}

/** 1, 2, 4, 8 … seconds, at most 30. */
export function backoff(failures: number): number {
  return Math.min(30_000, 1000 * 2 ** (failures - 1))
}
