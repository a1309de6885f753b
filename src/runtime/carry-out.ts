import { workerData } from 'node:worker_threads'
import { HeldArena } from './held-arena.js'
import { Mutex } from './mutex.js'
import { api } from './onnxruntime/api.js'
import { Session, type SessionOptions } from './onnxruntime/session.js'
import { Tensor } from './onnxruntime/tensor.js'
import type { CompileRequest, LentArena, Request, Response, RunRequest, WorkerData } from './protocol.js'

const compiling = new Mutex((workerData as WorkerData).compiling)
const programs = new Map<number, Program>()
/** Arenas that are lent to a run or kept between runs, by number. */
const arenas = new Map<number, HeldArena>()

interface Program extends Pick<CompileRequest, 'inPlace'> {
  readonly session: Session
}

/** The worker's work with ONNX Runtime, which blocks its thread. @throws Error with what ONNX Runtime says */
export function carryOut(request: Request): Omit<Response, 'id'> {
  switch (request.kind) {
    case 'load':
      api()
      return {}
    case 'compile': {
      const options = sessionOptions(request)
      const make = () => new Session(request.model, options)
      const session = options.memoryArena === 'exact' ? compiling.during(make) : make()
      programs.set(request.program, { session, inPlace: request.inPlace })
      return {}
    }
    case 'run':
      return run(request)
    case 'return':
      return { lent: take(request.arena) }
    case 'release':
      programs.get(request.program)?.session.release()
      programs.delete(request.program)
      return {}
  }
}

/** At the end: programs have threads, which would go on without them. */
export function releaseAll(): void {
  for (const { session } of programs.values()) session.release()
  for (const arena of arenas.values()) arena.release()
}

function run({ program, feeds, lent }: RunRequest): Omit<Response, 'id'> {
  const arena = lent && hold(lent)
  const { session, inPlace } = programs.get(program) ?? {}
  if (!session || !inPlace) throw new Error(`program ${program} is not compiled or was released`)
  const fed = new Map<string, Tensor>()
  try {
    for (const [name, value] of Object.entries(feeds)) fed.set(name, new Tensor(value))
    const inputs = new Map(fed)
    for (const name of session.inputs) {
      const tensor = fed.get(name) ?? arena?.tensor(name)
      if (tensor) inputs.set(name, tensor)
    }
    const start = performance.now()
    const outputs = session.run(inputs, arena ? tensorsInPlace(arena, inPlace) : undefined)
    const milliseconds = performance.now() - start
    if (!lent) return { outputs, milliseconds }
    return { outputs, milliseconds, lent: lent.keep ? undefined : take(lent.arena) }
  } finally {
    for (const tensor of fed.values()) tensor.release()
  }
}

/** @throws Error if the arena lacks what an output is to be written over */
function tensorsInPlace(arena: HeldArena, inPlace: Program['inPlace']): ReadonlyMap<string, Tensor> {
  const tensors = Object.entries(inPlace).map(([output, name]) => {
    const tensor = arena.tensor(name)
    if (!tensor) throw new Error(`expected an arena with "${name}", which "${output}" is written over`)
    return [output, tensor] as const
  })
  return new Map(tensors)
}

function hold({ arena, memory }: LentArena): HeldArena | undefined {
  if (memory) arenas.set(arena, new HeldArena(memory))
  return arenas.get(arena)
}

/** An arena's memory, which the worker no longer has. */
export function take(arena: number): ArrayBuffer | undefined {
  const held = arenas.get(arena)
  arenas.delete(arena)
  return held?.release()
}

function sessionOptions({
  purpose,
  prepacking,
  keepsMemory,
  folder,
  memory,
  provider,
  threads,
}: CompileRequest): SessionOptions {
  const entries = {
    // Relative external data may lie in this folder, and only there.
    ...(folder ? { 'session.model_external_initializers_file_folder_path': folder } : {}),
    // Without it, sessions for several lengths share the mapped file.
    ...(prepacking ? {} : { 'session.disable_prepacking': '1' }),
    // What a mask hides has weights of e^-88 at the softmax: numbers so small that arithmetic with them is slow.
    'session.set_denormal_as_zero': '1',
    // A run is hundreds of small operations: threads that wait awake for the next save a token a fifth of its time. A training step's are
    // large, and whoever prepares the next batch needs a core all the while; an encoder's run is short.
    'session.intra_op.allow_spinning': purpose === 'training' ? '0' : '1',
    // Each program has threads of its own: awake behind a run, they would take the cores from the next program's.
    'session.force_spinning_stop': '1',
  }
  // A training step's sizes are those of the step before, but for how many tokens it has.
  const memoryArena = keepsMemory ? (purpose === 'training' ? 'exact' : 'doubling') : 'none'
  // A training step is as fast without, and its thousands of operations take most of compiling to go through.
  const optimized = purpose !== 'training'
  return { provider, threads, memoryArena, optimized, entries, files: memory }
}
