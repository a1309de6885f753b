import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { type Check, check } from './check.js'

const GIB = 2 ** 30
/** Megabytes that a small model, its runtime and a minute of audio need. */
const ENOUGH_MEMORY = 0.5 * GIB

export function checkNode(): Promise<Check> {
  const major = Number(process.versions.node.split('.')[0])
  return check(
    'Node.js',
    async () => {
      if (major < 20) throw new Error(`version ${process.versions.node}, expected 20 or newer`)
      return { found: `version ${process.versions.node} on ${process.platform} ${process.arch}` }
    },
    'Install a current release of Node.js.',
  )
}

export async function checkProcessor(): Promise<Check> {
  const model = cpus()[0]?.model.trim() || 'unknown'
  return { name: 'processor', status: 'ok', found: `${model}, ${availableParallelism()} cores` }
}

/** Containers often may use less memory than the machine has. */
export async function checkMemory(): Promise<Check> {
  const limit = process.constrainedMemory()
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  const free = Math.min(freemem(), total)
  const found = `${(total / GIB).toFixed(1)} GiB, ${(free / GIB).toFixed(1)} GiB free`
  if (free >= ENOUGH_MEMORY) return { name: 'memory', status: 'ok', found }
  return { name: 'memory', status: 'missing', found, advice: 'Half a GiB or more should be free.' }
}
