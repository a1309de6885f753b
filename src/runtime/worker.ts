import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { Activity } from './activity.js'
import type { ArenaWrites } from './arena.js'
import type {
  ArenaMemory,
  CloseRequest,
  CompileRequest,
  LentArena,
  Request,
  Response,
  RunRequest,
  Value,
} from './protocol.js'

/**
 * The worker's side of the runtime: the only file that calls ONNX Runtime. A run blocks its thread, so it has a
 * thread of its own and the one that asked goes on drawing batches, reading answers and showing progress.
 */
const port = parentPort as MessagePort
const activity = new Activity(workerData as SharedArrayBuffer)
const sessions = new Map<number, InferenceSession>()
/** Arenas that are kept between runs, by number. */
const kept = new Map<number, ArenaMemory>()

// One request at a time, in the order in which they came.
let queue: Promise<void> = Promise.resolve()
port.on('message', (request: Request | CloseRequest) => {
  // Nothing else than its port keeps this thread alive.
  queue = queue.then(() => (request.kind === 'close' ? port.close() : activity.during(() => answer(request))))
})

async function answer(request: Request): Promise<void> {
  try {
    const response = await carryOut(request)
    const transfer = [...buffersOf(response.outputs), ...(response.lent ? [response.lent] : [])]
    port.postMessage({ ...response, id: request.id }, transfer)
  } catch (error) {
    const lent = request.kind === 'run' && request.lent ? take(request.lent) : undefined
    const message = error instanceof Error ? error.message : String(error)
    port.postMessage({ id: request.id, error: message, lent } satisfies Response, lent ? [lent] : [])
  }
}

async function carryOut(request: Request): Promise<Omit<Response, 'id'>> {
  switch (request.kind) {
    case 'load':
      return {}
    case 'compile':
      sessions.set(request.program, await InferenceSession.create(request.model, sessionOptions(request)))
      return {}
    case 'run':
      return run(request)
    case 'return':
      return { lent: take({ arena: request.arena, memory: undefined }) }
    case 'release':
      await sessions.get(request.program)?.release()
      sessions.delete(request.program)
      return {}
  }
}

async function run({ program, feeds, lent }: RunRequest): Promise<Omit<Response, 'id'>> {
  const session = sessions.get(program)
  if (!session) throw new Error(`program ${program} is not compiled or was released`)
  const tensors: Record<string, Tensor> = {}
  const wanted = new Set(session.inputNames)
  for (const [name, value] of Object.entries(feeds)) tensors[name] = toTensor(value)
  const memory = lent && (lent.memory ?? kept.get(lent.arena))
  for (const { name, offset, length, shape } of memory?.entries ?? []) {
    if (!wanted.has(name)) continue
    tensors[name] = toTensor({ data: new Float32Array(memory!.buffer, offset * 4, length), dims: shape })
  }
  const start = performance.now()
  const results = await session.run(tensors)
  const milliseconds = performance.now() - start
  const outputs: Record<string, Value> = {}
  for (const [name, { data, dims }] of Object.entries(results)) {
    if (lent?.writes && name in lent.writes.copies) continue
    outputs[name] = { data: data as Value['data'], dims }
  }
  if (!lent?.writes) return { outputs, milliseconds, lent: lent && take(lent) }
  write(new Float32Array(memory!.buffer), results, lent.writes)
  kept.set(lent.arena, memory!)
  return { outputs, milliseconds }
}

/** An arena's memory, which the worker no longer keeps. */
function take({
  arena,
  memory = kept.get(arena),
}: Pick<LentArena, 'arena' | 'memory'>): ArrayBuffer | undefined {
  kept.delete(arena)
  return memory?.buffer
}

function write(
  into: Float32Array,
  results: Readonly<Record<string, Tensor>>,
  { copies, zeros }: ArenaWrites,
): void {
  for (const [name, stretches] of Object.entries(copies)) {
    const from = results[name]!.data as Float32Array
    for (let i = 0; i < stretches.length; i += 3) {
      const start = stretches[i]!
      into.set(from.subarray(start, start + stretches[i + 2]!), stretches[i + 1])
    }
  }
  for (let i = 0; i < zeros.length; i += 2) into.fill(0, zeros[i], zeros[i]! + zeros[i + 1]!)
}

function toTensor({ data, dims }: Value): Tensor {
  return data instanceof BigInt64Array ? new Tensor('int64', data, dims) : new Tensor('float32', data, dims)
}

function buffersOf(outputs: Readonly<Record<string, Value>> | undefined): readonly ArrayBuffer[] {
  const buffers = Object.values(outputs ?? {}).map(({ data }) => data.buffer)
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer)
}

function sessionOptions({
  purpose,
  prepacking,
  keepsMemory,
  folder,
  memory,
  provider,
  threads,
}: CompileRequest): InferenceSession.SessionOptions {
  const session = {
    // Relative external data may lie in this folder, and only there.
    ...(folder ? { model_external_initializers_file_folder_path: folder } : {}),
    // Without it, sessions for several lengths share the mapped file.
    ...(prepacking ? {} : { disable_prepacking: '1' }),
    // What a mask hides has weights of e^-88 at the softmax: numbers so small that arithmetic with them is slow.
    set_denormal_as_zero: '1',
    // A token is a thousand small operations: threads that wait awake for the next save a fifth of its time. But each program has threads
    // of its own, and those of one that has run would take the cores from the next one, or from whoever prepares the next batch.
    'intra_op.allow_spinning': purpose === 'decoding' ? '1' : '0',
  }
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Planning one block for all activations costs half as much memory again, and saves no time.
    enableMemPattern: false,
    // ONNX Runtime's arena never gives anything back, and takes more: what it hands out may be twice as large as what was asked for.
    enableCpuMemArena: keepsMemory,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(memory.length > 0 ? { externalData: memory } : {}),
    extra: { session },
  }
}
