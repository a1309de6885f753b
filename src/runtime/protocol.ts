import type { ArenaEntry } from './arena.js'

/** A tensor's numbers with their shape, as they are fed and returned. */
export interface Value {
  readonly data: Float32Array | BigInt64Array
  readonly dims: readonly number[]
}

/** What ONNX Runtime is asked to trade: see `sessionOptions` in worker.ts. */
export type Purpose = 'training' | 'inference'

export interface CompileRequest {
  readonly kind: 'compile'
  readonly program: number
  readonly model: Uint8Array
  /** The folder that external data is relative to. */
  readonly folder: string | undefined
  /** External data that lies in memory instead of a file. */
  readonly memory: readonly { readonly path: string; readonly data: Uint8Array }[]
  readonly purpose: Purpose
  readonly prepacking: boolean
  readonly provider: string
  readonly threads: number
}

export interface RunRequest {
  readonly kind: 'run'
  readonly program: number
  readonly feeds: Readonly<Record<string, Value>>
  /** Memory that is lent for the run and comes back with its result. */
  readonly lent: { readonly buffer: ArrayBuffer; readonly entries: readonly ArenaEntry[] } | undefined
}

export interface ReleaseRequest {
  readonly kind: 'release'
  readonly program: number
}

export type Request = (CompileRequest | RunRequest | ReleaseRequest) & { readonly id: number }

export interface Response {
  readonly id: number
  readonly outputs?: Readonly<Record<string, Value>>
  readonly milliseconds?: number
  /** The lent memory, also when the run failed. */
  readonly lent?: ArrayBuffer | undefined
  readonly error?: string
}
