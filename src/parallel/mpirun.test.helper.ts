import { spawn, spawnSync } from 'node:child_process'
import { packageFolder } from '../package-folder.js'
import { loadOpenMpi } from './open-mpi.js'

/** Why tests with a real `mpirun` cannot run here; false where they can. */
export async function mpirunMissing(): Promise<string | false> {
  const { stdout } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' })
  if (!stdout?.includes('Open MPI')) return 'no mpirun of Open MPI here'
  return loadOpenMpi().then(
    () => false,
    (error: Error) => error.message,
  )
}

/** For a machine with fewer cores than ranks, whose cores are not to be bound. */
export const MPIRUN_FLAGS = ['--oversubscribe', '--bind-to', 'none'] as const

/** Containers have no user but root. */
export const MPIRUN_ENV = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' } as const

export interface Job {
  /** That of `mpirun`. */
  readonly pid: number
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** Starts one job whose processes have these command lines of `node`, one each. */
export function mpirun(ranks: readonly (readonly string[])[]): Job {
  const args = ranks.flatMap((argv, i) => [...(i > 0 ? [':'] : []), '-n', '1', process.execPath, ...argv])
  const child = spawn('mpirun', [...MPIRUN_FLAGS, ...args], {
    cwd: packageFolder(),
    env: { ...process.env, ...MPIRUN_ENV },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  const ended = new Promise<Awaited<Job['ended']>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...said }))
  })
  return { pid: child.pid as number, ended }
}
