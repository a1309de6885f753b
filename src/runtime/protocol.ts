import type { ArenaEntry } from './arena.js'

/** A tensor's numbers with their shape, as they are fed and returned. */
export interface Value {
  readonly data: Float32Array | BigInt64Array | Int32Array
  readonly dims: readonly number[]
}

/** What ONNX Runtime is asked to trade: see `sessionOptions` in carry-out.ts. */
export type Purpose = 'training' | 'inference'

/** What a worker is started with: the memory of what it shares with other threads. */
export interface WorkerData {
  /** See `Activity`: with the thread that started it. */
  readonly activity: SharedArrayBuffer
  /** See `Mutex`: with all workers, who compiles for an exact arena. */
  readonly compiling: SharedArrayBuffer
}

/** Answered as soon as ONNX Runtime is loaded. */
export interface LoadRequest {
  readonly kind: 'load'
}

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
  readonly keepsMemory: boolean
  readonly provider: string
  readonly threads: number
  /** By output: what of a lent arena it is written over. */
  readonly inPlace: Readonly<Record<string, string>>
}

export interface RunRequest {
  readonly kind: 'run'
  readonly program: number
  readonly feeds: Readonly<Record<string, Value>>
  /** Memory that is lent for the run. */
  readonly lent: LentArena | undefined
}

export interface LentArena {
  readonly arena: number
  /** Absent where the worker has kept it. */
  readonly memory: ArenaMemory | undefined
  /** The worker keeps the memory; else it comes back with the result. */
  readonly keep: boolean
}

/** An arena's memory, and what lies where in it. */
export interface ArenaMemory {
  readonly buffer: ArrayBuffer
  readonly entries: readonly ArenaEntry[]
}

/** Asks for kept memory. */
export interface ReturnRequest {
  readonly kind: 'return'
  readonly arena: number
}

export interface ReleaseRequest {
  readonly kind: 'release'
  readonly program: number
}

export type Request = (LoadRequest | CompileRequest | RunRequest | ReturnRequest | ReleaseRequest) & {
  readonly id: number
}

/** The last: the worker ends, and nothing that came before it and was not begun is answered. */
export interface CloseRequest {
  readonly kind: 'close'
}

export interface Response {
  readonly id: number
  readonly outputs?: Readonly<Record<string, Value>>
  readonly milliseconds?: number
  /** The lent memory, unless it is kept; always when the run failed. */
  readonly lent?: ArrayBuffer | undefined
  readonly error?: string
}
