import type { Value } from '../protocol.js'
import { type ApiFunction, addressOf, api, type Pointer, returned, returnedNumber, stringAt } from './api.js'
import { CStrings, FILE_NAME_ENCODING } from './c-strings.js'
import { USE_EXACT_ARENA, withExactArena } from './exact-arena.js'
import { appendProvider } from './providers.js'
import { copyOf, type Tensor } from './tensor.js'

export interface SessionOptions {
  readonly provider: string
  /** Of one operation. */
  readonly threads: number
  readonly memoryArena: MemoryArena
  /** Whether operations are fused, folded and left out where that changes nothing but rounding. */
  readonly optimized: boolean
  /** By the names of onnxruntime_session_options_config_keys.h. */
  readonly entries: Readonly<Record<string, string>>
  /** What the model's external data names as its files. It is copied. */
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[]
}

/**
 * What keeps the memory that a run has needed for the next, as long as the session lives: nothing; an arena that takes the next power of
 * two from the system when it has nothing that fits, for runs of ever other sizes; or one that takes what is asked for, for runs of much
 * the same size (see `withExactArena`).
 */
export type MemoryArena = 'none' | 'doubling' | 'exact'

/** A model that ONNX Runtime has made ready to run. */
export class Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly #session: Pointer
  readonly #inputNames: CStrings
  readonly #outputNames: CStrings

  /** @throws Error with what ONNX Runtime has against the model or the options */
  constructor(model: Uint8Array, options: SessionOptions) {
    // First of all: an execution provider that does not load wants to log why.
    const env = environment()
    const made = newOptions(options)
    try {
      const make = () =>
        returned((into) => api().CreateSessionFromArray(env, model, model.byteLength, made, into))
      this.#session = options.memoryArena === 'exact' ? withExactArena(env, make) : make()
    } finally {
      api().ReleaseSessionOptions(made)
    }
    const { SessionGetInputCount, SessionGetInputName, SessionGetOutputCount, SessionGetOutputName } = api()
    this.inputs = namesOf(this.#session, SessionGetInputCount, SessionGetInputName)
    this.outputs = namesOf(this.#session, SessionGetOutputCount, SessionGetOutputName)
    this.#inputNames = new CStrings(this.inputs)
    this.#outputNames = new CStrings(this.outputs)
  }

  /**
   * Runs once, on this thread.
   * @param feeds every input
   * @param into outputs that are written into memory of ours. It may be that of a feed, if no operation reads the feed but the one that
   *   makes the output, and that reads each number no later than it writes there
   * @returns copies of the other outputs
   * @throws Error with what ONNX Runtime says
   */
  run(
    feeds: ReadonlyMap<string, Tensor>,
    into: ReadonlyMap<string, Tensor> = new Map(),
  ): Readonly<Record<string, Value>> {
    const inputs = BigUint64Array.from(this.inputs, (name) => {
      const feed = feeds.get(name)
      if (!feed) throw new Error(`expected a value for the input "${name}", got none`)
      return feed.address
    })
    const outputs = BigUint64Array.from(this.outputs, (name) => into.get(name)?.address ?? 0n)
    const { addresses: inputNames } = this.#inputNames
    const { addresses: outputNames } = this.#outputNames
    try {
      api().Run(this.#session, null, inputNames, inputs, inputs.length, outputNames, outputs.length, outputs)
      const copies: Record<string, Value> = {}
      this.outputs.forEach((name, i) => {
        if (!into.has(name)) copies[name] = copyOf(outputs[i] as Pointer)
      })
      return copies
    } finally {
      this.outputs.forEach((name, i) => {
        if (!into.has(name) && outputs[i]) api().ReleaseValue(outputs[i] as Pointer)
      })
    }
  }

  release(): void {
    api().ReleaseSession(this.#session)
  }
}

/** ORT_LOGGING_LEVEL_WARNING, of what concerns no session. */
const WARNING = 2
/** ORT_LOGGING_LEVEL_ERROR */
const ERROR = 3
/** ORT_DISABLE_ALL, ORT_ENABLE_ALL */
const [NO_OPTIMIZATIONS, ALL_OPTIMIZATIONS] = [0, 99]

/**
 * There is one in a process, which stays until its end: another that is made while one is being released would be refused.
 */
function environment(): Pointer {
  created ??= returned((into) => api().CreateEnv(WARNING, 'pal-audio', into))
  return created
}

let created: Pointer | undefined

function newOptions({ provider, threads, memoryArena, optimized, entries, files }: SessionOptions): Pointer {
  const options = returned((into) => api().CreateSessionOptions(into))
  try {
    appendProvider(options, provider)
    api().SetIntraOpNumThreads(options, threads)
    api().SetInterOpNumThreads(options, 1)
    // Planning one block for all activations costs half as much memory again, and saves no time.
    api().DisableMemPattern(options)
    if (memoryArena === 'none') api().DisableCpuMemArena(options)
    api().SetSessionGraphOptimizationLevel(options, optimized ? ALL_OPTIMIZATIONS : NO_OPTIMIZATIONS)
    api().SetSessionLogSeverityLevel(options, ERROR)
    const all = { ...entries, ...(memoryArena === 'exact' && USE_EXACT_ARENA) }
    for (const [key, value] of Object.entries(all)) api().AddSessionConfigEntry(options, key, value)
    addFiles(options, files)
  } catch (error) {
    api().ReleaseSessionOptions(options)
    throw error
  }
  return options
}

function addFiles(options: Pointer, files: SessionOptions['files']): void {
  if (files.length === 0) return
  const paths = new CStrings(
    files.map(({ path }) => path),
    FILE_NAME_ENCODING,
  )
  const buffers = BigUint64Array.from(files, ({ data }) => addressOf(data))
  const lengths = BigUint64Array.from(files, ({ data }) => BigInt(data.byteLength))
  api().AddExternalInitializersFromFilesInMemory(options, paths.addresses, buffers, lengths, files.length)
}

function namesOf(session: Pointer, getCount: ApiFunction, getName: ApiFunction): readonly string[] {
  const allocator = returned((into) => api().GetAllocatorWithDefaultOptions(into))
  return Array.from({ length: returnedNumber((into) => getCount(session, into)) }, (_, i) => {
    const name = returned((into) => getName(session, i, allocator, into))
    try {
      return stringAt(name)
    } finally {
      api().AllocatorFree(allocator, name)
    }
  })
}
