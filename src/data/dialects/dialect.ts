import type { ZodType } from 'zod'
import type { WrittenMessage } from './written-message.js'

/** An audio as a row has it: a path, or the sound's own file. */
export type WrittenAudio = string | Uint8Array

/** A row of a manifest in the one form that everything else reads; audio paths as written. */
export interface Row {
  readonly id?: string | undefined
  readonly messages: readonly WrittenMessage[]
  readonly audios: readonly WrittenAudio[]
  readonly task?: string | undefined
  readonly accept?: readonly string[] | undefined
  readonly choices?: readonly string[] | undefined
}

/** A way of writing rows. */
export interface Dialect {
  readonly name: string
  /** One row, as people would write it: shown when a row is in no known dialect. */
  readonly example: string
  /** Whether a row is meant to be in this dialect, by its keys; mistakes in it are then told by the schema. */
  detects(row: object): boolean
  /** Keys beside `audios` under which a row may name its audio. */
  readonly audioKeys?: readonly string[]
  /** Validates a row and turns it into the one form. */
  readonly schema: ZodType<Row>
}
