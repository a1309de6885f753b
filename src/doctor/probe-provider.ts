import { probe } from '../runtime/probe.js'
import { Runtime } from '../runtime/runtime.js'

/**
 * A program of its own: exits with 0 if the execution provider that is its argument works here. In a process of
 * its own, because a driver that is missing or broken writes to standard error, or worse.
 */
const provider = process.argv[2] ?? 'cpu'
const runtime = await Runtime.start({ provider, threads: 1 })
try {
  await probe(runtime, provider)
} finally {
  await runtime.close()
}
