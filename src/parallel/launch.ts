import { availableParallelism, cpus } from 'node:os'
import { PalError } from '../errors.js'

/** What `mpirun` has told this process. */
export interface Launch {
  readonly rank: number
  readonly size: number
  /** Ranks on this machine. */
  readonly localSize: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether this process is one of several of an `mpirun`. Only looks at the environment.
 * @throws PalError for several processes of another MPI than Open MPI
 */
export function launchOf(env: Environment = process.env): Launch | undefined {
  const size = Number(env.OMPI_COMM_WORLD_SIZE ?? 1)
  if (size > 1) {
    const localSize = Number(env.OMPI_COMM_WORLD_LOCAL_SIZE ?? 1)
    return { rank: Number(env.OMPI_COMM_WORLD_RANK), size, localSize }
  }
  // MPICH and its kin: started as if alone, their processes would write over one another's files.
  const others = Number(env.PMI_SIZE ?? 1)
  if (others > 1 && env.OMPI_COMM_WORLD_SIZE === undefined) {
    throw new PalError(`expected the mpirun of Open MPI, got ${others} processes of another MPI`, {
      key: 'PMI_SIZE',
      hint: "Start them with Open MPI's mpirun (`apt install openmpi-bin`; it may be called mpirun.openmpi).",
    })
  }
  return undefined
}

/** A rank's part of its machine's cores, of which `mpirun` may also have bound it to some. */
export function threadsOf({ localSize }: Launch): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / localSize)))
}
