import { once } from 'node:events'
import { availableParallelism, cpus } from 'node:os'
import { relative } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PalError } from '../errors.js'
import type { BlockProducts } from '../graph/blocks.js'
import { type ExternalData, type OnnxModel, writeOnnx } from '../graph/onnx.js'
import type { BlockFormat } from '../graph/stored-matrix.js'
import type { Shape, Tensor } from '../graph/tensor.js'
import { loadKoffi } from '../load-koffi.js'
import { Activity } from './activity.js'
import type { Arena, Keeper } from './arena.js'
import { commonFolder } from './common-folder.js'
import { Mutex } from './mutex.js'
import type {
  CloseRequest,
  CompileRequest,
  LoadRequest,
  Purpose,
  ReleaseRequest,
  Response,
  ReturnRequest,
  RunRequest,
  Value,
  WorkerData,
} from './protocol.js'

export interface RuntimeOptions {
  /** The execution provider. @default 'cpu' */
  readonly provider?: string
  /** Threads of one operation. @default the cores of this machine */
  readonly threads?: number
}

type Settings = Required<RuntimeOptions>

/** A weight's numbers: of float32, or in blocks (see weights/blocks.ts). */
export type WeightSource = NumberSource | BlockSource

/** A stretch of a file, which is mapped, or memory. */
export type NumberSource =
  | { readonly file: string; readonly offset: number; readonly byteLength: number }
  | Float32Array
  | Uint8Array

export interface BlockSource extends BlockFormat {
  readonly values: NumberSource
  readonly scales: NumberSource
}

export interface CompileOptions {
  /** The numbers of frozen weights. A parameter without any is fed, or lent, at each run. */
  readonly weights?: (name: string) => WeightSource | undefined
  /** @default 'inference' */
  readonly purpose?: Purpose
  /** How weights in blocks are multiplied with. @default 'training' for training, else 'fewRows' */
  readonly blockProducts?: BlockProducts
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
  /**
   * Outputs that a run with an arena writes over the arena's tensor of that name, which must have their shape, and does not return:
   * nothing is copied. The tensor may be what the operation that makes the output reads, if no other operation reads it and that one
   * reads each number no later than it writes there, as an addition does, or attention that adds rows to a cache. @default {}
   */
  readonly inPlace?: Readonly<Record<string, string>>
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, Value>>
  readonly milliseconds: number
}

/** One worker at a time: see `withExactArena`. */
const compiling = new Mutex()

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
  /** All that the rounding of what a program computes depends on, the program and its feeds apart. */
  readonly rounding: string
  /** The execution provider. */
  readonly provider: string
  readonly #worker: Worker
  readonly #activity: Activity
  readonly #waiting = new Map<number, { resolve: (response: Response) => void; reject: (e: Error) => void }>()
  readonly #threads: number
  /** Arenas by number, for as long as they live. */
  readonly #arenas = new WeakMap<Arena, number>()
  /** What the worker keeps of arenas that nobody can call home any more. */
  readonly #forgotten = new FinalizationRegistry<number>((arena) => {
    if (!this.#failure) this.#ask({ kind: 'return', arena }).catch(() => undefined)
  })
  readonly #keeper: Keeper = {
    giveBack: async (arena) => {
      const { lent } = await this.#ask({ kind: 'return', arena: this.#numberOf(arena) })
      if (!lent) throw new Error('arena: the runtime was asked for memory that it does not have')
      return { lent }
    },
  }
  #requests = 0
  #programs = 0
  #numbered = 0
  #failure: Error | undefined
  #exited = false

  private constructor(worker: Worker, activity: Activity, settings: Settings, rounding: string) {
    const { provider, threads } = settings
    this.rounding = rounding
    this.#worker = worker
    this.#activity = activity
    this.provider = provider
    this.#threads = threads
    worker.on('message', (response: Response) => this.#settle(response))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => {
      this.#exited = true
      running.delete(activity)
      this.#fail(new Error('the runtime is closed'))
    })
    running.add(activity)
    worker.unref() // An idle runtime does not keep the process alive; a request does (see #post).
  }

  /** @throws PalError if ONNX Runtime does not load, or this build of it lacks the execution provider */
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
      workerData: { activity: activity.shared, compiling: compiling.shared } satisfies WorkerData,
    })
    const settings = { provider, threads }
    const runtime = new Runtime(worker, activity, settings, await roundingOf(settings))
    // The thread loads what it needs meanwhile. Whoever compiles is told of an error.
    runtime.#ask({ kind: 'load' }).catch(() => undefined)
    return runtime
  }

  /** Makes a graph's outputs, and what they need, ready to run. */
  async compile(
    outputs: Readonly<Record<string, Tensor>>,
    {
      weights = () => undefined,
      purpose = 'inference',
      blockProducts = purpose === 'training' ? 'training' : 'fewRows',
      prepacking = purpose !== 'training',
      keepsMemory = true,
      inPlace = {},
    }: CompileOptions = {},
  ): Promise<Program> {
    const unknown = Object.keys(inPlace).find((name) => !(name in outputs))
    if (unknown !== undefined) throw new Error(`compile: no output "${unknown}" to be written in place`)
    const placed = placeWeights(outputs, weights, blockProducts)
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
      provider: this.provider,
      threads: this.#threads,
      inPlace,
    })
    return new Program(placed.model, {
      run: async (feeds, arena, keep) => {
        const run = { kind: 'run', program, feeds } as const
        const answer = arena
          ? await arena.lend(this.#keeper, (buffer) => {
              const memory = buffer && { buffer, entries: [...arena.entries.values()] }
              const lent = { arena: this.#numberOf(arena), memory, keep }
              return this.#post({ ...run, lent }, buffer && [buffer])
            })
          : await this.#post({ ...run, lent: undefined })
        const { outputs = {}, milliseconds = 0 } = expectDone(answer)
        return { outputs, milliseconds }
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

  #numberOf(arena: Arena): number {
    const known = this.#arenas.get(arena)
    if (known !== undefined) return known
    const number = this.#numbered++
    this.#arenas.set(arena, number)
    this.#forgotten.register(arena, number)
    return number
  }

  async #ask(request: Asked): Promise<Response> {
    return expectDone(await this.#post(request))
  }

  /**
   * The answer to a request. Nobody waits for what could not be posted, and its memory is not transferred.
   * @throws at once, if the runtime has failed or the request holds what cannot be posted
   */
  #post(request: Asked, transfer: readonly ArrayBuffer[] = []): Promise<Response> {
    if (this.#failure) throw this.#failure
    const id = this.#requests++
    this.#worker.postMessage({ ...request, id }, transfer)
    this.#worker.ref()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
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

type Asked = LoadRequest | CompileRequest | RunRequest | ReturnRequest | ReleaseRequest

function expectDone(response: Response): Response {
  if (response.error !== undefined) throw new Error(`ONNX Runtime: ${response.error}`)
  return response
}

interface Backend {
  run(feeds: Readonly<Record<string, Value>>, arena: Arena | undefined, keep: boolean): Promise<RunResult>
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
   * Runs once. Where a shape is known to the graph but for one length, an input's numbers are enough.
   * @param arena memory that further inputs are taken from by name; it is lent for the run, not copied, and runs on one
   *   arena take turns
   * @param options.keep the arena stays with the runtime until it is called home: memory that goes to and fro at every
   *   token makes V8 collect garbage as if it were new each time. @default false
   */
  async run(
    feeds: Readonly<Record<string, Value | Value['data']>>,
    arena?: Arena,
    { keep = false }: { readonly keep?: boolean } = {},
  ): Promise<RunResult> {
    const values: Record<string, Value> = {}
    for (const { name, shape } of this.#model.inputs) {
      const fed = feeds[name]
      if (fed === undefined) {
        if (arena?.entries.has(name)) continue
        throw new Error(`run: expected a value for the input "${name}", got none`)
      }
      values[name] = 'dims' in fed ? fed : { data: fed, dims: dimsOf(shape, fed.length) }
    }
    return this.#backend.run(values, arena, keep)
  }

  /** Frees the program's memory. */
  release(): Promise<void> {
    return this.#backend.release()
  }
}

/** The lengths of an input of so many numbers; of one that is symbolic, it follows from the others. */
function dimsOf(shape: Shape, count: number): readonly number[] {
  const known = shape.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1)
  return shape.map((dim) => (typeof dim === 'number' ? dim : count / known))
}

/**
 * The execution providers that this build of ONNX Runtime holds.
 * @throws PalError if ONNX Runtime, or koffi, which calls it, does not load
 */
export async function listProviders(): Promise<readonly string[]> {
  await loadKoffi()
  const { availableProviders } = await import('./onnxruntime/providers.js')
  return availableProviders()
}

async function roundingOf({ provider, threads }: Settings): Promise<string> {
  const { api } = await import('./onnxruntime/api.js')
  const machine = `${process.platform} ${process.arch} ${cpus()[0]?.model}`
  return `ONNX Runtime ${api().version}, ${provider}, ${threads} threads, ${machine}`
}

/** Writes the model with its weights as external data: files by their place, memory under invented names. */
function placeWeights(
  outputs: Readonly<Record<string, Tensor>>,
  weights: (name: string) => WeightSource | undefined,
  blockProducts: BlockProducts,
): { model: OnnxModel; folder: string | undefined; memory: CompileRequest['memory'] } {
  const folder = commonFolder(filesOf(outputs, weights))
  const memory: { path: string; data: Uint8Array }[] = []
  const places = (name: string) => {
    const source = weights(name)
    if (!source || !('bits' in source)) return source && place(source)
    const { bits, blockSize, values, scales } = source
    return { bits, blockSize, values: place(values), scales: place(scales) }
  }
  const model = writeOnnx(outputs, places, { blockProducts })
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
