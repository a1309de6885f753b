import { type Launch, launchOf, threadsOf } from './launch.js'
import { loadOpenMpi } from './open-mpi.js'
import { meet, type Ranks, solitary } from './ranks.js'

/** Elements of one call: its count is a C int, and it needs as much memory again. */
const MOST_AT_ONCE = 2 ** 24

/**
 * The ranks of the `mpirun` that this process is one of. Loads MPI only there.
 * @throws PalError that says what is missing for it
 */
export async function openRanks(launch: Launch | undefined = launchOf()): Promise<Ranks> {
  if (!launch) return solitary
  const mpi = await loadOpenMpi()
  mpi.init()
  const ranks: Ranks = {
    rank: launch.rank,
    size: launch.size,
    threads: threadsOf(launch),
    async sum(numbers) {
      for (let at = 0; at < numbers.length; at += MOST_AT_ONCE) {
        await mpi.allReduce(numbers.subarray(at, at + MOST_AT_ONCE))
      }
    },
    async close() {
      await meet(ranks)
      mpi.finalize()
    },
    abort: (code) => mpi.abort(code),
  }
  return ranks
}
