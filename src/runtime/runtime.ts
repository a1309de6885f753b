import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PalError } from '../errors.js'
import type { BlockData } from '../graph/blocks.js'
import { type ExternalData, type OnnxModel, writeOnnx } from '../graph/onnx.js'
import type { Tensor } from '../graph/tensor.js'
import { Activity } from './activity.js'
import type { Arena, ArenaWrites } from './arena.js'
import { commonFolder } from './common-folder.js'
import type {
  CloseRequest,
  CompileRequest,
  LentArena,
  LoadRequest,
  Purpose,
  ReleaseRequest,
  Response,
  ReturnRequest,
  RunRequest,
  Value,
} from './protocol.js'

export interface RuntimeOptions {
  /** The execution provider. @default 'cpu' */
  readonly provider?: string
  /** Threads of one operation. @default the cores of this machine */
  readonly threads?: number
}

/** A weight's numbers: of float32, or in blocks (see weights/blocks.ts). */
export type WeightSource = NumberSource | BlockSource

/** A stretch of a file, which is mapped, or memory. */
export type NumberSource =
  | { readonly file: string; readonly offset: number; readonly byteLength: number }
  | Float32Array
  | Uint8Array

export interface BlockSource extends Pick<BlockData, 'bits' | 'blockSize'> {
  readonly values: NumberSource
  readonly scales: NumberSource
}

export interface CompileOptions {
  /** The numbers of frozen weights. A parameter without any is fed, or lent, at each run. */
  readonly weights?: (name: string) => WeightSource | undefined
  /** @default 'inference' */
  readonly purpose?: Purpose
  /**
   * Keep a second, blocked copy of every frozen weight: a training step is about a tenth faster, decoding a third,
   * and the weights take twice the memory. @default false for training, else true
   */
  readonly prepacking?: boolean
  /**
   * Keep what a run has needed for the next: a large step is a few per cent faster, and takes a quarter more. Programs that take
   * turns need the sum so, and else what the largest needs. @default true
   */
  readonly keepsMemory?: boolean
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, Value>>
  readonly milliseconds: number
}

/** Of every worker that has not ended. */
const running = new Set<Activity>()
process.on('exit', () => {
  for (const activity of running) {
    activity.stop()
    activity.waitUntilIdle()
  }
})

/** The machine that compiled graphs run on: ONNX Runtime in a worker thread. */
export class Runtime {
  readonly #worker: Worker
  readonly #activity: Activity
  readonly #waiting = new Map<number, { resolve: (response: Response) => void; reject: (e: Error) => void }>()
  readonly #provider: string
  readonly #threads: number
  /** Arenas by number, for as long as they live. */
  readonly #arenas = new WeakMap<Arena, number>()
  /** What the worker keeps of arenas that nobody can call home any more. */
  readonly #forgotten = new FinalizationRegistry<number>((arena) => {
    if (!this.#failure) this.#ask({ kind: 'return', arena }).catch(() => undefined)
  })
  #requests = 0
  #programs = 0
  #numbered = 0
  #failure: Error | undefined
  #exited = false

  private constructor(worker: Worker, activity: Activity, provider: string, threads: number) {
    this.#worker = worker
    this.#activity = activity
    this.#provider = provider
    this.#threads = threads
    worker.on('message', (response: Response) => this.#settle(response))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => {
      this.#exited = true
      running.delete(activity)
      this.#fail(new Error('the runtime is closed'))
    })
    running.add(activity)
    worker.unref() // An idle runtime does not keep the process alive; a request does (see #ask).
  }

  /** @throws PalError if this build of ONNX Runtime lacks the execution provider */
  static async start({
    provider = 'cpu',
    threads = availableParallelism(),
  }: RuntimeOptions = {}): Promise<Runtime> {
    const known = await listProviders()
    if (!known.includes(provider)) {
      throw new PalError(
        `expected an execution provider that is installed (${known.join(', ')}), got "${provider}"`,
        {
          key: 'provider',
          hint: 'Run `pal doctor` to see what this machine has.',
        },
      )
    }
    // Without this process's own flags: a worker refuses some, such as --input-type.
    const activity = new Activity()
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      execArgv: [],
      workerData: activity.shared,
    })
    const runtime = new Runtime(worker, activity, provider, threads)
    await runtime.#ask({ kind: 'load' })
    return runtime
  }

  /** Makes a graph's outputs, and what they need, ready to run. */
  async compile(
    outputs: Readonly<Record<string, Tensor>>,
    {
      weights = () => undefined,
      purpose = 'inference',
      prepacking = purpose !== 'training',
      keepsMemory = true,
    }: CompileOptions = {},
  ): Promise<Program> {
    const placed = placeWeights(outputs, weights)
    const program = this.#programs++
    await this.#ask({
      kind: 'compile',
      program,
      model: placed.model.bytes,
      folder: placed.folder,
      memory: placed.memory,
      purpose,
      prepacking,
      keepsMemory,
      provider: this.#provider,
      threads: this.#threads,
    })
    return new Program(placed.model, {
      run: async (feeds, arena, writes) => {
        const lent = arena && this.#lend(arena, writes)
        const transfer = lent?.buffer ? [lent.buffer] : []
        const response = await this.#ask({ kind: 'run', program, feeds, lent }, transfer, arena)
        return { outputs: response.outputs ?? {}, milliseconds: response.milliseconds ?? 0 }
      },
      release: async () => {
        await this.#ask({ kind: 'release', program })
      },
    })
  }

  /** Ends the worker once what it is at is done (see Activity). What else was asked of it is refused. */
  async close(): Promise<void> {
    if (this.#exited) return
    this.#failure ??= new Error('the runtime is closed')
    this.#activity.stop()
    this.#worker.ref()
    const exit = once(this.#worker, 'exit')
    this.#worker.postMessage({ kind: 'close' } satisfies CloseRequest)
    await exit
  }

  #lend(arena: Arena, writes: ArenaWrites | undefined): LentArena {
    let number = this.#arenas.get(arena)
    if (number === undefined) {
      number = this.#numbered++
      this.#arenas.set(arena, number)
      this.#forgotten.register(arena, number)
    }
    const request: ReturnRequest = { kind: 'return', arena: number }
    const buffer = arena.lend(async () => (await this.#ask(request)).lent as ArrayBuffer)
    return { arena: number, buffer, entries: [...arena.entries.values()], writes }
  }

  async #ask(
    request: LoadRequest | CompileRequest | RunRequest | ReturnRequest | ReleaseRequest,
    transfer: readonly ArrayBuffer[] = [],
    arena?: Arena,
  ): Promise<Response> {
    if (this.#failure) throw this.#failure
    const id = this.#requests++
    const response = await new Promise<Response>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ ...request, id }, transfer)
    })
    if (response.lent) arena?.restore(response.lent)
    if (response.error !== undefined) throw new Error(`ONNX Runtime: ${response.error}`)
    return response
  }

  #settle(response: Response): void {
    this.#waiting.get(response.id)?.resolve(response)
    this.#waiting.delete(response.id)
    if (this.#waiting.size === 0 && !this.#failure) this.#worker.unref()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

interface Backend {
  run(
    feeds: Readonly<Record<string, Value>>,
    arena: Arena | undefined,
    writes: ArenaWrites | undefined,
  ): Promise<RunResult>
  release(): Promise<void>
}

/** A compiled graph. */
export class Program {
  readonly #model: OnnxModel
  readonly #backend: Backend

  constructor(model: OnnxModel, backend: Backend) {
    this.#model = model
    this.#backend = backend
  }

  /**
   * Runs once. Where a shape is known to the graph, an input's numbers are enough.
   * @param arena memory that further inputs are taken from by name; it is lent for the run, not copied
   * @param writes what goes from the outputs into the arena, which then stays with the runtime until it is called
   *   home: memory that goes to and fro at every token makes V8 collect garbage as if it were new each time
   */
  async run(
    feeds: Readonly<Record<string, Value | Value['data']>>,
    arena?: Arena,
    writes?: ArenaWrites,
  ): Promise<RunResult> {
    const values: Record<string, Value> = {}
    for (const { name, shape } of this.#model.inputs) {
      const fed = feeds[name]
      if (fed === undefined) {
        if (arena?.entries.has(name)) continue
        throw new Error(`run: expected a value for the input "${name}", got none`)
      }
      values[name] = 'dims' in fed ? fed : { data: fed, dims: shape.map(Number) }
    }
    return this.#backend.run(values, arena, writes)
  }

  /** Frees the program's memory. */
  release(): Promise<void> {
    return this.#backend.release()
  }
}

/** The execution providers that this build of ONNX Runtime holds. */
export async function listProviders(): Promise<readonly string[]> {
  const { listSupportedBackends } = await import('onnxruntime-node')
  return listSupportedBackends().map(({ name }) => name)
}

/** Writes the model with its weights as external data: files by their place, memory under invented names. */
function placeWeights(
  outputs: Readonly<Record<string, Tensor>>,
  weights: (name: string) => WeightSource | undefined,
): { model: OnnxModel; folder: string | undefined; memory: CompileRequest['memory'] } {
  const folder = commonFolder(filesOf(outputs, weights))
  const memory: { path: string; data: Uint8Array }[] = []
  const model = writeOnnx(outputs, (name) => {
    const source = weights(name)
    if (!source || !('bits' in source)) return source && place(source)
    const { bits, blockSize, values, scales } = source
    return { bits, blockSize, values: place(values), scales: place(scales) }
  })
  return { model, folder, memory }

  function place(source: NumberSource): ExternalData {
    if (ArrayBuffer.isView(source)) {
      const path = `memory-${memory.length}`
      memory.push({ path, data: new Uint8Array(source.buffer, source.byteOffset, source.byteLength) })
      return { location: path, offset: 0, length: source.byteLength }
    }
    return {
      location: relative(folder as string, source.file),
      offset: source.offset,
      length: source.byteLength,
    }
  }
}

/** The files that the weights of a graph lie in. */
function filesOf(
  outputs: Readonly<Record<string, Tensor>>,
  weights: (name: string) => WeightSource | undefined,
): ReadonlySet<string> {
  const names = new Set(Object.values(outputs).flatMap(({ graph }) => [...graph.parameters.keys()]))
  const sources = [...names].flatMap((name) => {
    const source = weights(name)
    return source && 'bits' in source ? [source.values, source.scales] : (source ?? [])
  })
  return new Set(sources.flatMap((source) => (ArrayBuffer.isView(source) ? [] : source.file)))
}
