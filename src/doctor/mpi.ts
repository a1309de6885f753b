import { PalError } from '../errors.js'
import { loadOpenMpi } from '../parallel/open-mpi.js'
import { type Check, divided } from './check.js'

/** What several processes of one `mpirun` need; one alone needs none of it. */
export async function checkMpi(): Promise<Check> {
  const name = 'Open MPI'
  try {
    const { version } = await loadOpenMpi()
    return { name, status: 'ok', found: version.split(',')[0] as string }
  } catch (error) {
    if (!(error instanceof PalError)) throw error
    const { found, hint = '' } = divided(error)
    return { name, status: 'missing', found, advice: `Only needed under mpirun. ${hint}`.trimEnd() }
  }
}
