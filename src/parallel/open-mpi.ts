import { promisify } from 'node:util'
import { PalError } from '../errors.js'
import { type Koffi, loadKoffi } from '../load-koffi.js'
import type { Summable } from './ranks.js'

/** The few functions of Open MPI's C library that are used here. */
export interface OpenMpi {
  /** As the library says it. */
  readonly version: string
  init(): void
  /** MPI_Allreduce with MPI_SUM, in place, on a thread of its own. */
  allReduce(numbers: Summable): Promise<void>
  finalize(): void
  abort(code: number): void
}

/** Calls may come from any thread, one at a time: koffi makes each on one of libuv's. */
const MPI_THREAD_SERIALIZED = 2
const MPI_MAX_LIBRARY_VERSION_STRING = 256
const IN_PLACE = 1n

const NAMES = ['libmpi.so.40', 'libmpi.so', 'libmpi.40.dylib', 'libmpi.dylib'] as const

const HINT =
  "Install Open MPI (`apt install openmpi-bin`), or give its library's path in PAL_MPI. `pal doctor` looks again."

/**
 * Loads Open MPI, without starting it. C's macros such as MPI_COMM_WORLD are addresses of variables there; another
 * MPI has numbers of its own instead, and is not understood.
 * @param path of the library @default PAL_MPI, or where the system finds it
 * @throws PalError if the library is missing, or another MPI's, or koffi does not load
 */
export async function loadOpenMpi(path = process.env.PAL_MPI): Promise<OpenMpi> {
  const library = open(await loadKoffi(), path ? [path] : NAMES)
  const address = (name: string): bigint => {
    try {
      return library.symbol(name)
    } catch (cause) {
      throw new PalError(`expected Open MPI, got an MPI library without "${name}"`, { hint: HINT, cause })
    }
  }
  const [world, sum] = [address('ompi_mpi_comm_world'), address('ompi_mpi_op_sum')]
  const types = {
    Float32Array: address('ompi_mpi_float'),
    Float64Array: address('ompi_mpi_double'),
    Uint8Array: address('ompi_mpi_uint8_t'),
  }
  const getVersion = library.func('int MPI_Get_library_version(void *version, _Out_ int *length)')
  const initThread = library.func(
    'int MPI_Init_thread(void *argc, void *argv, int required, _Out_ int *provided)',
  )
  const allReduce = library.func(
    'int MPI_Allreduce(void *send, void *receive, int count, void *type, void *op, void *comm)',
  )
  const allReduceAside = promisify(allReduce.async)
  const finalize = library.func('int MPI_Finalize()')
  const abort = library.func('int MPI_Abort(void *comm, int code)')
  return {
    version: versionOf(getVersion),
    init() {
      // A rank that waits leaves its core to those that compute; without this it would spin.
      process.env.OMPI_MCA_mpi_yield_when_idle ??= '1'
      const provided = [0]
      expectSuccess('MPI_Init_thread', initThread(null, null, MPI_THREAD_SERIALIZED, provided))
      if (provided[0]! < MPI_THREAD_SERIALIZED) {
        throw new PalError('expected an Open MPI built with threads, got one without', { hint: HINT })
      }
    },
    async allReduce(numbers) {
      const type = types[numbers.constructor.name as keyof typeof types]
      const code = await allReduceAside(IN_PLACE, numbers, numbers.length, type, sum, world)
      expectSuccess('MPI_Allreduce', code)
    },
    finalize: () => expectSuccess('MPI_Finalize', finalize()),
    abort: (code) => void abort(world, code),
  }
}

function open(koffi: Koffi, paths: readonly string[]) {
  const tried: string[] = []
  for (const path of paths) {
    try {
      // Global, because Open MPI's own plugins look for its symbols there.
      return koffi.load(path, { global: true })
    } catch (error) {
      tried.push((error as Error).message)
    }
  }
  throw new PalError(`expected Open MPI's library, got none: ${tried[0]}`, { hint: HINT })
}

function versionOf(getVersion: (buffer: Uint8Array, length: [number]) => number): string {
  const text = new Uint8Array(MPI_MAX_LIBRARY_VERSION_STRING)
  const length: [number] = [0]
  expectSuccess('MPI_Get_library_version', getVersion(text, length))
  return new TextDecoder().decode(text.subarray(0, length[0]))
}

function expectSuccess(name: string, code: number): void {
  if (code !== 0) throw new Error(`${name} failed with code ${code}`)
}
